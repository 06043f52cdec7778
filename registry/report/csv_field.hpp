// One field of a CSV line (RFC 4180).
#pragma once

#include <string>

namespace vaso::report {

// In quotes where it holds a comma, a quote or the end of a line, else as it is.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace vaso::report
