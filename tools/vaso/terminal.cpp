#include "terminal.hpp"

#include "command_line.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace vaso::cli {
namespace {

bool set_and_not_empty(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set decides, as in POSIX
    if (!set_and_not_empty(name)) continue;
    const std::string_view value = std::getenv(name);
    return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos || value.find("utf-8") != value.npos;
  }
  return false;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }  // inside a UTF-8 sequence

// Length of the escape sequence "ESC [ … letter" that begins at `at`; 0 = none does.
std::size_t escape_length(std::string_view text, std::size_t at) {
  if (text[at] != '\033') return 0;
  const std::size_t end = text.find('m', at);
  return end == text.npos ? text.size() - at : end - at + 1;
}

}  // namespace

Colours parse_colours(const std::string& when) {
  if (when == "auto") return Colours::automatic;
  if (when == "always") return Colours::always;
  if (when == "never") return Colours::never;
  throw UsageError(with_suggestion(fmt::format("`--color {}`: colours come auto, always or never", when), when,
                                   {"auto", "always", "never"}));
}

Terminal::Terminal(int descriptor, Colours colours)
    : descriptor_(descriptor),
      interactive_(isatty(descriptor) == 1),
      colours_(colours == Colours::always ||
               (colours == Colours::automatic && interactive_ && !set_and_not_empty("NO_COLOR") &&
                !(set_and_not_empty("TERM") && std::string_view(std::getenv("TERM")) == "dumb"))),
      unicode_(utf8_locale()) {}

std::size_t Terminal::width() const {
  winsize size{};
  if (ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string Terminal::paint(Paint paint, std::string_view text) const {
  if (!colours_) return std::string(text);
  const char* code = "0";
  switch (paint) {
    case Paint::bold:
      code = "1";
      break;
    case Paint::dim:
      code = "2";
      break;
    case Paint::red:
      code = "31";
      break;
    case Paint::green:
      code = "32";
      break;
    case Paint::yellow:
      code = "33";
      break;
    case Paint::cyan:
      code = "36";
      break;
  }
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

namespace {

Terminal& standard(int descriptor) {
  static Terminal out(STDOUT_FILENO), err(STDERR_FILENO);
  return descriptor == STDOUT_FILENO ? out : err;
}

}  // namespace

const Terminal& out() { return standard(STDOUT_FILENO); }
const Terminal& err() { return standard(STDERR_FILENO); }

void use_colours(Colours when) {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) standard(descriptor) = Terminal(descriptor, when);
}

std::string duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest) : fmt::format("{}:{:02}", minutes, rest);
}

std::string bytes(std::int64_t count) {
  if (count < 1024) return fmt::format("{} B", count);
  double value = static_cast<double>(count);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    unit = next;
    value /= 1024;
    if (value < 1023.5) break;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, unit);
}

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), " ");
  }
  return digits;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t skip = escape_length(text, i)) {
      i += skip;
      continue;
    }
    count += continues(text[i]) ? 0 : 1;
    ++i;
  }
  return count;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t i = 0;
  for (std::size_t used = 0; i < text.size();) {
    if (const std::size_t skip = escape_length(text, i)) {
      i += skip;
      continue;
    }
    if (!continues(text[i]) && used++ == width - 1) break;
    ++i;
  }
  std::string cut(text.substr(0, i));
  if (cut.find('\033') != cut.npos) cut += "\033[0m";  // a colour must not outlive the cut
  return cut + "…";
}

std::string indent(std::string_view text, std::string_view margin) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!result.empty()) result += '\n';
    if (end > 0) result.append(margin).append(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

}  // namespace vaso::cli
