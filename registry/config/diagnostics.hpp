// Errors that say what, where, why and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::config {

// Where a value came from. line 0: not in a file ("--set masking.ratio=0.6", "default").
struct Origin {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text;  // the whole source line, for the caret

  std::string place() const;  // "quickstart.toml:12:9", or the file alone
};

struct Diagnostic {
  std::string what;  // "unknown key `masking.rato`"
  Origin where;
  std::string why;   // "masking.anatomy has no such parameter"
  std::string hint;  // "did you mean `ratio`?"
};

// Several lines: place and what, the source line with a caret, why, hint.
std::string render(const Diagnostic& diagnostic, bool colour);

// The candidates that a person may have meant, best first, at most three.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates);

// "did you mean `a` or `b`?", else "known: a, b, c" where the list is short, else "".
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  explicit ConfigError(Diagnostic diagnostic) : ConfigError(std::vector<Diagnostic>{std::move(diagnostic)}) {}
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace vaso::config
