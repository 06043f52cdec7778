// vaso: pre-trains vision encoders on X-ray angiograms. This program is the thin one; `vaso-worker` computes.
#include "config/diagnostics.hpp"
#include "exit_codes.hpp"
#include "help.hpp"
#include "revision.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <csignal>
#include <string>
#include <vector>

namespace vaso::cli {
namespace {

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h"; }

int dispatch(const Arguments& words) {
  if (words.empty() || asks_for_help(words[0])) {
    fmt::print("{}", overview(""));
    return exit_ok;
  }
  if (words[0] == "--version") {
    fmt::print("VasoLab {}{}{}{}\n", source_version, *source_revision == '\0' ? "" : " ", source_revision,
               source_dirty ? " with uncommitted changes" : "");
    return exit_ok;
  }
  std::size_t length = 0;
  if (const Verb* verb = find_verb(words, length)) {
    return verb->call({words.begin() + static_cast<std::ptrdiff_t>(length), words.end()});
  }
  if (is_verb_group(words[0])) {
    if (words.size() > 1 && !asks_for_help(words[1])) throw no_such_verb(words);
    fmt::print("{}", overview(words[0]));
    return words.size() > 1 ? exit_ok : exit_usage;
  }
  throw no_such_verb(words);
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
