#include "verbs.hpp"

#include <algorithm>

namespace vaso::cli {
namespace {

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
    {"plugins check", "whether plugins keep the contract of their kind", plugins_check},
    {"plugins new", "a folder to begin a component of your own with", plugins_new},
    {"plugins docs", "tables of parameters in READMEs, from the components", plugins_docs},
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
    {"completion", "what makes a shell complete the words of vaso", completion},
    {"help", "this page, or that of a verb; manual pages", help},
    {"bench", "how fast this machine is, and could be", bench},
    {"doctor", "what this machine has: LibTorch, device, plugins", doctor},
};

}  // namespace

std::span<const Verb> all_verbs() { return verbs; }

const Verb* find_verb(std::string_view name) {
  const auto* const verb =
      std::find_if(std::begin(verbs), std::end(verbs), [&](const Verb& each) { return name == each.name; });
  return verb == std::end(verbs) ? nullptr : verb;
}

const Verb* find_verb(const Arguments& words, std::size_t& length) {
  for (length = std::min<std::size_t>(2, words.size()); length > 0; --length) {
    if (const Verb* verb = find_verb(length == 2 ? words[0] + " " + words[1] : words[0])) return verb;
  }
  return nullptr;
}

bool is_verb_group(std::string_view word) {
  return std::any_of(std::begin(verbs), std::end(verbs), [&](const Verb& verb) {
    return std::string_view(verb.name).starts_with(std::string(word) + " ");
  });
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.emplace_back(verb.name);
  return names;
}

}  // namespace vaso::cli
