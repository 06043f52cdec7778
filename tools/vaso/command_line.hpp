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
  CommandLine& example(std::string command, std::string meaning);

  // False: help was asked for, and printed. Throws UsageError; an unknown option is answered with near names.
  bool parse(const Arguments& arguments);
  std::string help() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Options that many verbs share.
struct Common {
  std::vector<std::string> overrides;  // --set
  std::vector<std::string> plugins;    // --plugins
  std::string home;                    // --home, else VASO_HOME, else "runs"
  std::string format = "text";
  bool quiet = false;

  void take_experiment(CommandLine& line);  // --set, --plugins
  void take_plugins(CommandLine& line);
  void take_home(CommandLine& line);
  void take_format(CommandLine& line);
  void take_quiet(CommandLine& line);

  // " --home DIR" where the next command needs it to find the same runs, else "".
  std::string home_again() const;

  // The same for a worker.
  std::vector<std::string> for_worker() const;
};

}  // namespace vaso::cli
