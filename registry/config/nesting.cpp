#include "config/nesting.hpp"

#include "config/path.hpp"

#include <algorithm>

namespace vaso::config {
namespace {

// The byte behind the string that begins at `at`; one-line strings end with their line, closed or not.
std::size_t behind_string(std::string_view toml, std::size_t at) {
  const char mark = toml[at];
  const std::string_view fence = mark == '"' ? R"(""")" : "'''";
  const bool block = toml.substr(at).starts_with(fence);
  for (at += block ? 3 : 1; at < toml.size(); ++at) {
    if (toml[at] == '\\' && mark == '"') {
      ++at;
    } else if (block ? toml.substr(at).starts_with(fence) : toml[at] == mark) {
      return at + (block ? 3 : 1);
    } else if (!block && toml[at] == '\n') {
      return at;
    }
  }
  return toml.size();
}

}  // namespace

std::optional<std::size_t> too_deep(std::string_view toml) {
  std::size_t brackets = 0;
  std::size_t dots = 0;
  for (std::size_t at = 0; at < toml.size(); ++at) {
    switch (toml[at]) {
      case '"':
      case '\'':
        at = behind_string(toml, at) - 1;
        break;
      case '#':
        at = std::min(toml.find('\n', at), toml.size()) - 1;
        break;
      case '[':
      case '{':
        ++brackets;
        dots = 0;
        break;
      case ']':
      case '}':
        brackets -= brackets > 0 ? 1 : 0;
        dots = 0;
        break;
      case ',':
      case '=':
      case '\n':
        dots = 0;
        break;
      case '.':
        ++dots;
        break;
      default:
        break;
    }
    if (brackets > deepest || dots >= deepest) return at;
  }
  return std::nullopt;
}

}  // namespace vaso::config
