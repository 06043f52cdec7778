// vaso: pre-trains vision encoders on X-ray angiograms. This program is the thin one; `vaso-worker` computes.
#include "config/diagnostics.hpp"
#include "exit_codes.hpp"
#include "revision.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

namespace vaso::cli {
namespace {

struct Verb {
  const char* name;  // one word, or two
  const char* summary;
  int (*call)(const Arguments&);
};

constexpr Verb verbs[] = {
    {"run", "run what an experiment file describes, or resume it", run},
    {"study run", "run a study: several cells and seeds, several runs at a time", study_run},
    {"study resume", "go on with a study as it was last run", study_resume},
    {"study status", "what of a study is done, running, failed or missing", study_status},
    {"ls", "list the runs", ls},
    {"show", "everything recorded about one run", show},
    {"diff", "two runs side by side: settings, plugins, metrics, images", diff},
    {"table", "compare runs: rows by setting, columns by metric", table},
    {"report", "a study as a page: tables, plots, pictures, audit", report},
    {"plugins ls", "plugins found and refused, and where", plugins_ls},
    {"plugins info", "components and their parameters", plugins_info},
    {"config show", "every value of an experiment, and where it came from", config_show},
    {"config check", "find the faults of an experiment before it runs", config_check},
    {"data info", "what a data set holds, and what is wrong with it", data_info},
    {"data check", "the faults of a data set; fails where there is one", data_check},
    {"data preview", "a picture of images with their masks and boxes", data_preview},
    {"data pack", "decode a data set once, into one file", data_pack},
    {"guidance make", "write guidance maps as images", guidance_make},
    {"predict", "apply a fine-tuned model to images", predict},
    {"evaluate masks", "score masks against true ones", evaluate_masks},
    {"evaluate boxes", "score found boxes against true ones", evaluate_boxes},
    {"export csv", "runs as tables for R, pandas, spreadsheets", export_csv},
    {"export tensorboard", "runs for TensorBoard", export_tensorboard},
    {"export mlflow", "runs for an MLflow server", export_mlflow},
    {"db merge", "take in the runs of other machines", db_merge},
    {"db backup", "copy the run database while workers write", db_backup},
    {"db check", "whether the run database and its files are whole", db_check},
    {"db gc", "delete what no result needs: shows it first", db_gc},
    {"weights info", "what a file of weights holds, and whose it is", weights_info},
    {"weights import", "weights of others as an encoder for experiments", weights_import},
    {"weights export", "an encoder as timm, transformers or MAE load it", weights_export},
    {"doctor", "what this machine has: LibTorch, device, plugins", doctor},
};

std::string overview(std::string_view group) {
  std::string text = group.empty()
                         ? fmt::format(
                               "{}  vaso VERB [options]        vaso VERB --help\n\n"
                               "Pre-trains vision encoders on X-ray angiograms and measures what that is worth.\n\n",
                               out().paint(Paint::bold, "Usage:"))
                         : std::string();
  for (const Verb& verb : verbs) {
    if (!group.empty() && !std::string_view(verb.name).starts_with(std::string(group) + " ")) continue;
    text += fmt::format("  vaso {:<18} {}\n", verb.name, verb.summary);
  }
  if (group.empty()) {
    text += fmt::format("\n{}\n  vaso run experiments/quickstart.toml      a first experiment, on generated images\n",
                        out().paint(Paint::bold, "Begin with"));
  }
  return text;
}

bool is_group(std::string_view word) {
  return std::any_of(std::begin(verbs), std::end(verbs), [&](const Verb& verb) {
    return std::string_view(verb.name).starts_with(std::string(word) + " ");
  });
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.emplace_back(verb.name);
  return names;
}

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h" || word == "help"; }

int dispatch(Arguments words) {
  if (words.empty() || asks_for_help(words[0])) {
    fmt::print("{}", overview(""));
    return exit_ok;
  }
  if (words[0] == "--version") {
    fmt::print("VasoLab {}{}{}{}\n", source_version, *source_revision == '\0' ? "" : " ", source_revision,
               source_dirty ? " with uncommitted changes" : "");
    return exit_ok;
  }
  for (const std::size_t length : {std::size_t{2}, std::size_t{1}}) {
    if (words.size() < length) continue;
    const std::string name = length == 2 ? words[0] + " " + words[1] : words[0];
    const auto verb =
        std::find_if(std::begin(verbs), std::end(verbs), [&](const Verb& each) { return name == each.name; });
    if (verb != std::end(verbs)) return verb->call({words.begin() + static_cast<std::ptrdiff_t>(length), words.end()});
  }
  if (is_group(words[0])) {
    if (words.size() > 1 && !asks_for_help(words[1])) {
      const std::string name = words[0] + " " + words[1];
      throw UsageError(with_suggestion(fmt::format("there is no `vaso {}`", name), name, verb_names()));
    }
    fmt::print("{}", overview(words[0]));
    return words.size() > 1 ? exit_ok : exit_usage;
  }
  const std::string what = words[0].starts_with('-') ? "option" : "verb";
  throw UsageError(with_suggestion(fmt::format("there is no {} `{}`", what, words[0]), words[0], verb_names()));
}

int report(std::string_view what, int code) {
  fmt::print(stderr, "{} {}\n", err().paint(Paint::red, "error:"), what);
  return code;
}

int guarded(const Arguments& words) {
  try {
    return dispatch(words);
  } catch (const UsageError& error) {
    report(error.what(), exit_usage);
    fmt::print(stderr, "See `vaso --help`, `vaso VERB --help`.\n");
    return exit_usage;
  } catch (const config::ConfigError& error) {
    for (const config::Diagnostic& diagnostic : error.diagnostics()) {
      fmt::print(stderr, "{}\n", config::render(diagnostic, err().colours()));
    }
    return exit_configuration;
  } catch (const std::exception& error) {
    return report(error.what(), exit_failure);
  }
}

}  // namespace
}  // namespace vaso::cli

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_DFL);  // `vaso ls | head` ends quietly
  return vaso::cli::guarded({words + 1, words + count});
}
