// vaso help: the overview, the help of a verb, and the same as manual pages.
#include "help.hpp"

#include "exit_codes.hpp"
#include "home.hpp"
#include "manual_page.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

void write_pages(const fs::path& folder) {
  write_document(folder / "vaso.1", overview_page());
  for (const Verb& verb : all_verbs()) write_document(folder / (page_name(verb.name) + ".1"), verb_page(verb));
}

}  // namespace

void write_document(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error(fmt::format("{} cannot be written", shown(file)));
}

std::string overview(std::string_view group) {
  std::string text = group.empty()
                         ? fmt::format(
                               "{}  vaso VERB [options]        vaso VERB --help\n\n"
                               "Pre-trains vision encoders on X-ray angiograms and measures what that is worth.\n\n",
                               out().paint(Paint::bold, "Usage:"))
                         : std::string();
  for (const Verb& verb : all_verbs()) {
    if (!group.empty() && !std::string_view(verb.name).starts_with(std::string(group) + " ")) continue;
    text += fmt::format("  vaso {:<18} {}\n", verb.name, verb.summary);
  }
  if (group.empty()) {
    text += fmt::format("\n{}\n  vaso run experiments/quickstart.toml      a first experiment, on generated images\n",
                        out().paint(Paint::bold, "Begin with"));
  }
  return text;
}

UsageError no_such_verb(const Arguments& words) {
  if (is_verb_group(words[0])) {
    const std::string name = words[0] + " " + words[1];
    return UsageError(with_suggestion(fmt::format("there is no `vaso {}`", name), name, verb_names()));
  }
  const std::string what = words[0].starts_with('-') ? "option" : "verb";
  return UsageError(with_suggestion(fmt::format("there is no {} `{}`", what, words[0]), words[0], verb_names()));
}

int help(const Arguments& arguments) {
  std::vector<std::string> words;
  std::string folder;
  bool manual = false;
  CommandLine line("help", "[VERB] [options]",
                   "Explains vaso, or one of its verbs as `vaso VERB --help` does. With --man as a manual page.");
  line.words(words, 0, 2, "a verb").of({Value::verb});
  line.flag(manual, "man", "a manual page, in roff")
      .value(folder, "out", "DIR", "with --man: all pages as files there");
  line.example("vaso help study run", "")
      .example("vaso help --man run | man -l -", "a page in the reader of this machine")
      .example("vaso help --man --out ~/.local/share/man/man1", "all of them; then `man vaso-run` finds them");
  if (!line.parse(arguments)) return exit_ok;
  if (!folder.empty()) {
    if (!manual || !words.empty()) throw UsageError("--out goes with --man alone: it takes all pages");
    write_pages(folder);
    return exit_ok;
  }
  if (words.empty()) {
    fmt::print("{}", manual ? overview_page() : overview(""));
    return exit_ok;
  }
  std::size_t length = 0;
  const Verb* verb = find_verb(words, length);
  if (verb == nullptr && words.size() == 1 && is_verb_group(words[0]) && !manual) {
    fmt::print("{}", overview(words[0]));
    return exit_ok;
  }
  if (verb == nullptr || length != words.size()) {
    const std::string name = fmt::format("{}", fmt::join(words, " "));
    throw UsageError(with_suggestion(fmt::format("there is no `vaso {}`", name), name, verb_names()));
  }
  if (!manual) return verb->call({"--help"});
  fmt::print("{}", verb_page(*verb));
  return exit_ok;
}

}  // namespace vaso::cli
