#include "command_line.hpp"

#include "config/diagnostics.hpp"
#include "terminal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdlib>

namespace po = boost::program_options;

namespace vaso::cli {
namespace {

thread_local VerbDescription* asked = nullptr;  // by describe(): the next parse() tells it

std::vector<Value> usual_values(std::string_view placeholder) {
  if (placeholder == "DIR") return {Value::folder};
  if (placeholder.starts_with("FILE") || placeholder == "PATH") return {Value::file};
  return {};
}

}  // namespace

struct CommandLine::Impl {
  VerbDescription text;
  po::options_description description;
  std::vector<std::string>* words = nullptr;
  std::size_t least = 0;
  std::string what, colours;
  bool help = false;
  bool words_last = false;  // what of() and choices() speak of

  template <class Semantic>
  void add(const char* name, const char* placeholder, const char* meaning, Semantic* semantic, bool repeated = false) {
    text.options.push_back({name, placeholder, meaning, repeated, usual_values(placeholder), {}});
    description.add_options()(name, semantic, meaning);
    words_last = false;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result = {"--help"};
    for (const VerbDescription::Option& option : text.options) result.push_back("--" + option.name);
    return result;
  }
};

const VerbDescription::Option* VerbDescription::find(std::string_view option) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const Option& each) { return each.name == option; });
  return found == options.end() ? nullptr : &*found;
}

VerbDescription describe(int (*verb)(const Arguments&)) {
  VerbDescription description;
  asked = &description;
  verb({});
  asked = nullptr;
  return description;
}

std::string with_suggestion(const std::string& what, std::string_view name, const std::vector<std::string>& known) {
  const std::string suggestion = config::suggestion(name, known);
  return suggestion.empty() ? what + "." : fmt::format("{}; {}", what, suggestion);
}

CommandLine::CommandLine(std::string verb, std::string synopsis, std::string meaning)
    : impl_(std::make_unique<Impl>()) {
  impl_->text.verb = std::move(verb);
  impl_->text.synopsis = std::move(synopsis);
  impl_->text.meaning = std::move(meaning);
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
  impl_->add(name, placeholder, meaning, po::value(&target)->composing(), true);
  return *this;
}

CommandLine& CommandLine::words(std::vector<std::string>& target, std::size_t least, std::size_t most,
                                const char* what) {
  impl_->words = &target;
  impl_->least = least;
  impl_->text.most_words = most;
  impl_->what = what;
  impl_->words_last = true;
  return *this;
}

CommandLine& CommandLine::of(std::vector<Value> values) {
  (impl_->words_last ? impl_->text.words : impl_->text.options.back().values) = std::move(values);
  return *this;
}

CommandLine& CommandLine::choices(std::vector<std::string> names) {
  (impl_->words_last ? impl_->text.word_choices : impl_->text.options.back().choices) = std::move(names);
  return *this;
}

CommandLine& CommandLine::example(std::string command, std::string meaning) {
  impl_->text.examples.push_back({std::move(command), std::move(meaning)});
  return *this;
}

bool CommandLine::parse(const Arguments& arguments) {
  impl_->add("color", "WHEN", "auto, always or never (default: auto: on terminals, unless NO_COLOR is set)",
             po::value(&impl_->colours));
  choices({"auto", "always", "never"});
  if (asked != nullptr) {
    *asked = impl_->text;
    return false;
  }
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
            with_suggestion(fmt::format("`vaso {}` has no option {}", impl_->text.verb, name), name, impl_->names()));
      }
      if (option.string_key.empty()) words.insert(words.end(), option.value.begin(), option.value.end());
    }
    po::variables_map values;
    po::store(parsed, values);
    po::notify(values);
    if (!impl_->colours.empty()) use_colours(parse_colours(impl_->colours));
    if (impl_->help) {
      fmt::print("{}", help());
      return false;
    }
    if (words.size() < impl_->least)
      throw UsageError(fmt::format("`vaso {}` needs {}.", impl_->text.verb, impl_->what));
    if (words.size() > impl_->text.most_words) {
      throw UsageError(fmt::format("`vaso {}` does not know what to do with `{}`.", impl_->text.verb,
                                   words[impl_->text.most_words]));
    }
    if (impl_->words != nullptr) *impl_->words = std::move(words);
  } catch (const po::error& error) {
    throw UsageError(fmt::format("`vaso {}`: {}.", impl_->text.verb, error.what()));
  }
  return true;
}

std::string CommandLine::help() const {
  std::string text = fmt::format("{}  vaso {} {}\n\n{}\n", out().paint(Paint::bold, "Usage:"), impl_->text.verb,
                                 impl_->text.synopsis, impl_->text.meaning);
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
  for (const VerbDescription::Option& option : impl_->text.options) {
    options.emplace_back(
        fmt::format("--{}{}{}", option.name, option.placeholder.empty() ? "" : " ", option.placeholder),
        option.meaning);
  }
  section("Options", options);
  std::vector<std::pair<std::string, std::string>> examples;
  for (const VerbDescription::Example& example : impl_->text.examples)
    examples.emplace_back(example.command, example.meaning);
  section("Examples", examples);
  return text;
}

void Common::take_plugins(CommandLine& line) {
  line.list(plugins, "plugins", "DIR", "look for plugins here first (may be repeated)");
}

void Common::take_experiment(CommandLine& line) {
  line.list(overrides, "set", "PATH=VALUE", "set a value of the experiment, e.g. masking.ratio=0.6 (may be repeated)")
      .of({Value::setting});
  take_plugins(line);
}

std::string usual_home() {
  const char* variable = std::getenv("VASO_HOME");
  return variable != nullptr && *variable != '\0' ? variable : "runs";
}

void Common::take_home(CommandLine& line) {
  home = usual_home();
  line.value(home, "home", "DIR", "folder of the run database and of the runs (default: $VASO_HOME, else ./runs)");
}

std::string Common::home_again() const { return home == usual_home() ? "" : " --home " + home; }

void Common::take_format(CommandLine& line) { take_format(line, {"text", "json", "md", "latex", "csv"}); }

void Common::take_format(CommandLine& line, const std::vector<std::string>& formats) {
  const std::string others = fmt::format("{}", fmt::join(formats.begin(), formats.end() - 1, ", "));
  const std::string meaning = fmt::format("{} or {} (default: text)", others, formats.back());
  line.value(format, "format", "F", meaning.c_str()).choices(formats);
}

void Common::take_quiet(CommandLine& line) { line.flag(quiet, "quiet", "print results and errors only"); }

void Common::take_json(CommandLine& line) {
  line.flag(json, "json", "for programs: stages, progress and results as events, one JSON object a line");
}

void Common::check_json() const {
  if (json && format != "text") {
    throw UsageError(
        fmt::format("--json tells everything as events, its table too; --format {} prints the table alone", format));
  }
}

std::vector<std::string> Common::for_worker() const {
  std::vector<std::string> words;
  for (const std::string& value : overrides) words.insert(words.end(), {"--set", value});
  for (const std::string& folder : plugins) words.insert(words.end(), {"--plugins", folder});
  if (!home.empty()) words.insert(words.end(), {"--home", home});
  return words;
}

}  // namespace vaso::cli
