// --set masking.ratio=0.6
#include "config/path.hpp"
#include "config/tree.hpp"
#include "config/utf8.hpp"

#include <fmt/format.h>

namespace vaso::config {
namespace {

constexpr std::string_view white_space = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(white_space);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

// The `=` between path and value; quoted keys may hold others.
std::size_t assignment_sign(std::string_view assignment) {
  char open = 0;
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    const char c = assignment[i];
    if (open != 0) {
      if (c == '\\' && open == '"') ++i;
      if (c == open) open = 0;
    } else if (c == '"' || c == '\'') {
      open = c;
    } else if (c == '=') {
      return i;
    }
  }
  return std::string_view::npos;
}

// The value of `v = TEXT` where TEXT is one TOML value and nothing else.
Node single_value(std::string_view text) {
  Node root = parse(fmt::format("v={}", text), "--set");
  if (root.table().size() == 1 && root.table().front().key == "v") return std::move(root.table().front().node);
  throw ConfigError({"more than one value", {}, "", ""});
}

Node value_of(std::string_view text) {
  const std::string as_text = in_quotes(text);
  if (text.empty()) return single_value(as_text);
  if (std::string_view("\"'[{").find(text.front()) != std::string_view::npos) return single_value(text);
  // A `#` would begin a comment, and a line break the next key: neither was meant.
  if (text.find_first_of("#\n\r") != std::string_view::npos) return single_value(as_text);
  try {
    return single_value(text);
  } catch (const ConfigError&) {
    return single_value(as_text);  // also refuses bytes that are no UTF-8
  }
}

void set_origin(Node& node, const Origin& origin) {
  node.origin = origin;
  if (node.is_array()) {
    for (Node& element : node.array()) set_origin(element, origin);
  } else if (node.is_table()) {
    for (Entry& entry : node.table()) {
      entry.key_origin = origin;
      set_origin(entry.node, origin);
    }
  }
}

}  // namespace

void apply_override(Node& root, std::string_view assignment) {
  const Origin origin{fmt::format("--set {}", assignment), 0, 0, ""};
  const std::size_t sign = assignment_sign(assignment);
  const std::string_view path = trimmed(assignment.substr(0, sign));
  if (sign == std::string_view::npos || path.empty()) {
    throw ConfigError({sign == std::string_view::npos ? "`=` is missing" : "a key is missing before `=`", origin,
                       "--set takes KEY=VALUE", "for example `--set masking.ratio=0.6`"});
  }
  const std::string_view text = trimmed(assignment.substr(sign + 1));
  Node value;
  try {
    value = value_of(text);
  } catch (const ConfigError& error) {
    Diagnostic fault = error.diagnostics().front();
    const int column = fault.where.column;
    const bool first_line = fault.where.line == 1 && column > 2;
    fault.where = origin;
    if (first_line) {  // shown under what was typed: the value stands behind "v=" there and at its own place here
      fault.where.text = assignment;
      const std::size_t begin = text.empty() ? sign + 1 : static_cast<std::size_t>(text.data() - assignment.data());
      fault.where.column = column - 2 + column_of_byte(assignment, begin) - 1;
    }
    throw ConfigError(fault);
  }
  set_origin(value, origin);
  root.set(path, std::move(value));
}

}  // namespace vaso::config
