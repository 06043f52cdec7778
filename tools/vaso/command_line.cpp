#include "command_line.hpp"

#include "config/diagnostics.hpp"
#include "terminal.hpp"

#include <fmt/format.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdlib>

namespace po = boost::program_options;

namespace vaso::cli {

struct CommandLine::Impl {
  struct Option {
    std::string name, placeholder, meaning;
  };
  struct Example {
    std::string command, meaning;
  };
  std::string verb, synopsis, meaning;
  std::vector<Option> options;
  std::vector<Example> examples;
  po::options_description description;
  std::vector<std::string>* words = nullptr;
  std::size_t least = 0, most = 0;
  std::string what;
  bool help = false;

  template <class Semantic>
  void add(const char* name, const char* placeholder, const char* meaning, Semantic* semantic) {
    options.push_back({name, placeholder, meaning});
    description.add_options()(name, semantic, meaning);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result = {"--help"};
    for (const Option& option : options) result.push_back("--" + option.name);
    return result;
  }
};

std::string with_suggestion(const std::string& what, std::string_view name, const std::vector<std::string>& known) {
  const std::string suggestion = config::suggestion(name, known);
  return suggestion.empty() ? what + "." : fmt::format("{}; {}", what, suggestion);
}

CommandLine::CommandLine(std::string verb, std::string synopsis, std::string meaning)
    : impl_(std::make_unique<Impl>()) {
  impl_->verb = std::move(verb);
  impl_->synopsis = std::move(synopsis);
  impl_->meaning = std::move(meaning);
  impl_->description.add_options()("help,h", po::bool_switch(&impl_->help), "");
}

CommandLine::~CommandLine() = default;

CommandLine& CommandLine::flag(bool& target, const char* name, const char* meaning) {
  impl_->add(name, "", meaning, po::bool_switch(&target));
  return *this;
}

CommandLine& CommandLine::value(std::string& target, const char* name, const char* placeholder, const char* meaning) {
  impl_->add(name, placeholder, meaning, po::value(&target));
  return *this;
}

CommandLine& CommandLine::value(std::int64_t& target, const char* name, const char* placeholder, const char* meaning) {
  impl_->add(name, placeholder, meaning, po::value(&target));
  return *this;
}

CommandLine& CommandLine::list(std::vector<std::string>& target, const char* name, const char* placeholder,
                               const char* meaning) {
  impl_->add(name, placeholder, meaning, po::value(&target)->composing());
  return *this;
}

CommandLine& CommandLine::words(std::vector<std::string>& target, std::size_t least, std::size_t most,
                                const char* what) {
  impl_->words = &target;
  impl_->least = least;
  impl_->most = most;
  impl_->what = what;
  return *this;
}

CommandLine& CommandLine::example(std::string command, std::string meaning) {
  impl_->examples.push_back({std::move(command), std::move(meaning)});
  return *this;
}

bool CommandLine::parse(const Arguments& arguments) {
  // Names are never guessed from their beginning: a script must not change its meaning when an option is added.
  constexpr int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  try {
    const auto parsed =
        po::command_line_parser(arguments).options(impl_->description).style(style).allow_unregistered().run();
    std::vector<std::string> words;
    for (const auto& option : parsed.options) {
      if (option.unregistered) {
        const std::string& word = option.original_tokens.front();
        const std::string name = word.substr(0, word.find('='));
        throw UsageError(
            with_suggestion(fmt::format("`vaso {}` has no option {}", impl_->verb, name), name, impl_->names()));
      }
      if (option.string_key.empty()) words.insert(words.end(), option.value.begin(), option.value.end());
    }
    po::variables_map values;
    po::store(parsed, values);
    po::notify(values);
    if (impl_->help) {
      fmt::print("{}", help());
      return false;
    }
    if (words.size() < impl_->least) throw UsageError(fmt::format("`vaso {}` needs {}.", impl_->verb, impl_->what));
    if (words.size() > impl_->most) {
      throw UsageError(fmt::format("`vaso {}` does not know what to do with `{}`.", impl_->verb, words[impl_->most]));
    }
    if (impl_->words != nullptr) *impl_->words = std::move(words);
  } catch (const po::error& error) {
    throw UsageError(fmt::format("`vaso {}`: {}.", impl_->verb, error.what()));
  }
  return true;
}

std::string CommandLine::help() const {
  std::string text = fmt::format("{}  vaso {} {}\n\n{}\n", out().paint(Paint::bold, "Usage:"), impl_->verb,
                                 impl_->synopsis, impl_->meaning);
  const auto section = [&](const char* title, const std::vector<std::pair<std::string, std::string>>& rows) {
    if (rows.empty()) return;
    text += fmt::format("\n{}\n", out().paint(Paint::bold, title));
    std::size_t width = 0;
    for (const auto& [left, right] : rows) width = std::max(width, columns(left));
    for (const auto& [left, right] : rows) {
      text += fmt::format("  {}{}  {}\n", left, std::string(width - columns(left), ' '), right);
    }
  };
  std::vector<std::pair<std::string, std::string>> options;
  for (const Impl::Option& option : impl_->options) {
    options.emplace_back(
        fmt::format("--{}{}{}", option.name, option.placeholder.empty() ? "" : " ", option.placeholder),
        option.meaning);
  }
  section("Options", options);
  std::vector<std::pair<std::string, std::string>> examples;
  for (const Impl::Example& example : impl_->examples) examples.emplace_back(example.command, example.meaning);
  section("Examples", examples);
  return text;
}

void Common::take_plugins(CommandLine& line) {
  line.list(plugins, "plugins", "DIR", "look for plugins here first (may be repeated)");
}

void Common::take_experiment(CommandLine& line) {
  line.list(overrides, "set", "PATH=VALUE", "set a value of the experiment, e.g. masking.ratio=0.6 (may be repeated)");
  take_plugins(line);
}

namespace {

std::string usual_home() {
  const char* variable = std::getenv("VASO_HOME");
  return variable != nullptr && *variable != '\0' ? variable : "runs";
}

}  // namespace

void Common::take_home(CommandLine& line) {
  home = usual_home();
  line.value(home, "home", "DIR", "folder of the run database and of the runs (default: $VASO_HOME, else ./runs)");
}

std::string Common::home_again() const { return home == usual_home() ? "" : " --home " + home; }

void Common::take_format(CommandLine& line) {
  line.value(format, "format", "F", "text, json, md, latex or csv (default: text)");
}

void Common::take_quiet(CommandLine& line) { line.flag(quiet, "quiet", "print results and errors only"); }

std::vector<std::string> Common::for_worker() const {
  std::vector<std::string> words;
  for (const std::string& value : overrides) words.insert(words.end(), {"--set", value});
  for (const std::string& folder : plugins) words.insert(words.end(), {"--plugins", folder});
  if (!home.empty()) words.insert(words.end(), {"--home", home});
  return words;
}

}  // namespace vaso::cli
