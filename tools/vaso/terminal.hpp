// What the program may print where: colours and bars only on a terminal that shows them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vaso::cli {

enum class Paint { bold, dim, red, green, yellow, cyan };

// Whether to paint: on terminals that show it, or whatever stands there.
enum class Colours { automatic, always, never };
Colours parse_colours(const std::string& when);  // "auto", "always", "never"; throws UsageError
// Decides for out() and err(). Unsaid: automatic.
void use_colours(Colours when);

class Terminal {
 public:
  explicit Terminal(int descriptor, Colours colours = Colours::automatic);
  bool interactive() const { return interactive_; }  // a person looks at it
  bool colours() const { return colours_; }          // automatic: interactive, no NO_COLOR, no TERM=dumb
  bool unicode() const { return unicode_; }          // the locale is UTF-8
  std::size_t width() const;                         // columns now (a window can be resized); 80 where unknown
  std::string paint(Paint paint, std::string_view text) const;

 private:
  int descriptor_;
  bool interactive_, colours_, unicode_;
};

// Standard output (results) and standard error (progress, faults).
const Terminal& out();
const Terminal& err();

std::string duration(double seconds);     // "0.4 s", "0:42", "1:02:03"
std::string bytes(std::int64_t count);    // "312 MiB"
std::string number(double value);         // four digits that count: "0.8123", "1.5e-4", "12345"
std::string grouped(std::int64_t count);  // "171 478"

// Columns that UTF-8 text takes, as far as one column per code point goes; escape sequences take none.
std::size_t columns(std::string_view text);

// Cuts to so many columns, with "…" where something was cut.
std::string shorten(std::string_view text, std::size_t width);

// Each line of `text` behind `margin`, without a trailing newline.
std::string indent(std::string_view text, std::string_view margin);

}  // namespace vaso::cli
