// A verb's command line: what it takes, how it is explained, and what was given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::cli {

using Arguments = std::vector<std::string>;

// Something is wrong with the words after `vaso`. Ends with exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ends the sentence `what`, with the names that may have been meant where there are some.
std::string with_suggestion(const std::string& what, std::string_view name, const std::vector<std::string>& known);

// What a shell may complete an option's value, or a word that is no option, with.
enum class Value {
  text,  // nothing that is known beforehand
  file,
  folder,
  experiment,  // a TOML file
  run,
  study,
  experiment_name,
  setting,       // "masking.ratio=…"
  setting_path,  // "masking.ratio", several separated by commas
  metric,        // several separated by commas
  component,     // "masking.anatomy"
  dataset,       // "arcade": components of this kind without it
  guidance,
  verb,
};

// What a verb says of itself: made into its help, its manual page and what shells complete.
struct VerbDescription {
  struct Option {
    std::string name;         // without "--"
    std::string placeholder;  // of its value; "" = it takes none
    std::string meaning;
    bool repeated = false;
    std::vector<Value> values;         // what its value may be
    std::vector<std::string> choices;  // or all that it may be
  };
  struct Example {
    std::string command, meaning;
  };
  std::string verb, synopsis, meaning;
  std::vector<Option> options;
  std::vector<Example> examples;
  std::vector<Value> words;               // what words that are no options may be
  std::vector<std::string> word_choices;  // or all that they may be
  std::size_t most_words = 0;

  const Option* find(std::string_view option) const;  // by its name without "--"; null where there is none
};

// Asks a verb for its description, without doing what it does.
VerbDescription describe(int (*verb)(const Arguments&));

class CommandLine {
 public:
  // "ls", "[options]", "Lists the runs …"
  CommandLine(std::string verb, std::string synopsis, std::string meaning);
  ~CommandLine();

  CommandLine& flag(bool& target, const char* name, const char* meaning);
  CommandLine& value(std::string& target, const char* name, const char* placeholder, const char* meaning);
  CommandLine& value(std::int64_t& target, const char* name, const char* placeholder, const char* meaning);
  CommandLine& list(std::vector<std::string>& target, const char* name, const char* placeholder, const char* meaning);
  // Words that are no options. `what` names them where one is missing: "an experiment file".
  CommandLine& words(std::vector<std::string>& target, std::size_t least, std::size_t most, const char* what);
  // What the option or the words just declared may be. Unsaid, a placeholder DIR is a folder, FILE a file.
  CommandLine& of(std::vector<Value> values);
  CommandLine& choices(std::vector<std::string> names);
  CommandLine& example(std::string command, std::string meaning);

  // False: help was asked for, and printed, or describe() asked. Throws UsageError; an unknown option is answered with
  // near names.
  bool parse(const Arguments& arguments);
  std::string help() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string usual_home();  // $VASO_HOME, else "runs"

// Options that many verbs share.
struct Common {
  std::vector<std::string> overrides;  // --set
  std::vector<std::string> plugins;    // --plugins
  std::string home;                    // --home, else VASO_HOME, else "runs"
  std::string format = "text";
  bool quiet = false;
  bool json = false;  // events instead of progress and tables

  void take_experiment(CommandLine& line);  // --set, --plugins
  void take_plugins(CommandLine& line);
  void take_home(CommandLine& line);
  void take_format(CommandLine& line);
  void take_format(CommandLine& line, const std::vector<std::string>& formats);  // "text or json" in words
  void take_quiet(CommandLine& line);
  void take_json(CommandLine& line);
  void check_json() const;  // throws UsageError where --format says something else

  // " --home DIR" where the next command needs it to find the same runs, else "".
  std::string home_again() const;

  // The same for a worker.
  std::vector<std::string> for_worker() const;
};

}  // namespace vaso::cli
