#include "config/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vaso::config {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view escaped = "\b\t\n\f\r\"\\";
constexpr std::string_view escapes = "btnfr\"\\";

// Reads the escape after a backslash at `at` (what in_quotes() writes); moves `at` behind it.
bool unescape(std::string_view path, std::size_t& at, std::string& key) {
  if (at >= path.size()) return false;
  if (const std::size_t known = escapes.find(path[at]); known != std::string_view::npos) {
    key += escaped[known];
    ++at;
    return true;
  }
  unsigned code = 0;
  if (path[at] != 'u' || path.size() - at < 5) return false;
  const char* first = path.data() + at + 1;
  if (std::from_chars(first, first + 4, code, 16).ptr != first + 4 || code > 0x7f) return false;
  key += static_cast<char>(code);
  at += 5;
  return true;
}

// Reads one key at `at` and moves behind it; false where it is malformed.
bool read_key(std::string_view path, std::size_t& at, std::string& key, std::string& fault) {
  const char mark = path[at];
  if (mark != '"' && mark != '\'') {
    const std::size_t end = std::min(path.find_first_of(".\"' \t", at), path.size());
    key = path.substr(at, end - at);
    at = end;
    if (key.empty()) fault = "a key is missing before `.`";
    return !key.empty();
  }
  for (++at; at < path.size() && path[at] != mark;) {
    if (path[at] != '\\' || mark == '\'') {
      key += path[at++];
    } else if (!unescape(path, ++at, key)) {
      fault = "a quoted key holds an escape that is not known";
      return false;
    }
  }
  if (at == path.size()) fault = "a quoted key is not closed";
  return at++ < path.size();
}

}  // namespace

std::vector<std::string> split_path(std::string_view path, std::string& fault) {
  std::vector<std::string> keys;
  for (std::size_t at = 0;;) {
    at = path.find_first_not_of(blanks, at);
    if (at == std::string_view::npos) {
      fault = keys.empty() ? "it is empty" : "a key is missing after `.`";
      return {};
    }
    std::string key;
    if (!read_key(path, at, key, fault)) return {};
    keys.push_back(std::move(key));
    if (keys.size() > deepest) {
      fault = fmt::format("it has more than {} levels", deepest);
      return {};
    }
    at = path.find_first_not_of(blanks, at);
    if (at == std::string_view::npos) return keys;
    if (path[at++] != '.') {
      fault = "keys are separated by `.`";
      return {};
    }
  }
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (const std::size_t known = escaped.find(c); known != std::string_view::npos) {
      out += '\\';
      out += escapes[known];
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string as_key(std::string_view key) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), bare) ? std::string(key) : in_quotes(key);
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? as_key(key) : path + '.' + as_key(key);
}

}  // namespace vaso::config
