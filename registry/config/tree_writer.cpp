// Trees as text: canonical TOML, canonical JSON, leaves.
#include "config/path.hpp"
#include "config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace vaso::config {
namespace {

// The shortest text that reads back as the same number.
std::string shortest(double number) {
  std::array<char, 32> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr};
}

std::string toml_number(double number) {
  const std::string text = shortest(number);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// As RFC 8785 does it, 1.0 is 1 and -0.0 is 0. JSON has no word for infinities and NaN; nothing that binds to a
// parameter is one.
std::string json_number(double number) {
  constexpr double exact = 9007199254740992.0;  // 2^53: whole numbers up to here are exact in double
  if (!std::isfinite(number)) return in_quotes(shortest(number));
  if (std::abs(number) <= exact && number == std::trunc(number))
    return std::to_string(static_cast<std::int64_t>(number));
  return shortest(number);
}

// Elements between brackets with something between them.
class Joined {
 public:
  Joined(char open, std::string_view between) : text(1, open), between_(between) {}
  void add(const std::string& element) { text += (text.size() > 1 ? between_ : "") + element; }

  std::string text;

 private:
  std::string between_;
};

struct TomlValue {
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return toml_number(number); }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(const Node::Array& list) const {
    Joined out('[', ", ");
    for (const Node& element : list) out.add(to_text(element));
    return out.text + "]";
  }
  std::string operator()(const Node::Table& table) const {
    Joined out('{', ", ");
    for (const Entry& entry : table) out.add(as_key(entry.key) + " = " + to_text(entry.node));
    return out.text + "}";
  }
};

struct JsonValue {
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return json_number(number); }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(const Node::Array& list) const {
    Joined out('[', ",");
    for (const Node& element : list) out.add(to_json(element));
    return out.text + "]";
  }
  std::string operator()(const Node::Table& table) const {
    std::map<std::string_view, const Node*> sorted;
    for (const Entry& entry : table) sorted.emplace(entry.key, &entry.node);
    Joined out('{', ",");
    for (const auto& [key, node] : sorted) out.add(in_quotes(key) + ":" + to_json(*node));
    return out.text + "}";
  }
};

// A list of tables is written as [[path]] blocks.
bool is_table_list(const Node& node) {
  return node.is_array() && !node.array().empty() &&
         std::all_of(node.array().begin(), node.array().end(), [](const Node& element) { return element.is_table(); });
}

bool has_header(const Node& node) { return node.is_table() || is_table_list(node); }

// Origins hold what a user typed after --set; a comment ends with its line.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
  return text;
}

class TomlWriter {
 public:
  explicit TomlWriter(bool with_origins) : with_origins_(with_origins) {}

  void write(const Node::Table& table, const std::string& path) {
    for (const Entry& entry : table) {
      if (!has_header(entry.node)) value(entry);
    }
    for (const Entry& entry : table) {
      const std::string below = joined(path, entry.key);
      if (entry.node.is_table()) {
        block(entry.node.table(), below);
      } else if (is_table_list(entry.node)) {
        for (const Node& element : entry.node.array()) {
          header("[[" + below + "]]");
          write(element.table(), below);
        }
      }
    }
  }

  std::string text;

 private:
  void header(const std::string& line) { text += (text.empty() ? "" : "\n") + line + "\n"; }

  // A table that holds nothing but tables needs no header of its own; an empty one does, or it would be lost.
  void block(const Node::Table& table, const std::string& path) {
    const auto plain = [](const Entry& entry) { return !has_header(entry.node); };
    if (table.empty() || std::any_of(table.begin(), table.end(), plain)) header("[" + path + "]");
    write(table, path);
  }

  void value(const Entry& entry) {
    text += as_key(entry.key) + " = " + to_text(entry.node);
    const std::string place = with_origins_ ? one_line(entry.node.origin.place()) : "";
    text += place.empty() ? "\n" : "  # " + place + "\n";
  }

  bool with_origins_;
};

void collect_leaves(const Node& node, const std::string& path, std::vector<Leaf>& out) {
  if (node.is_table()) {
    for (const Entry& entry : node.table()) collect_leaves(entry.node, joined(path, entry.key), out);
  } else if (is_table_list(node)) {
    for (std::size_t i = 0; i < node.array().size(); ++i) {
      collect_leaves(node.array()[i], joined(path, std::to_string(i)), out);
    }
  } else {
    const std::string* text = std::get_if<std::string>(&node.value);
    out.push_back({path, text != nullptr ? *text : to_text(node), node.origin});
  }
}

}  // namespace

std::string to_text(const Node& node) { return std::visit(TomlValue{}, node.value); }

std::string to_toml(const Node& root, bool with_origins) {
  TomlWriter writer(with_origins);
  writer.write(root.table(), "");
  return std::move(writer.text);
}

std::string to_json(const Node& root) { return std::visit(JsonValue{}, root.value); }

std::vector<Leaf> leaves(const Node& root) {
  std::vector<Leaf> out;
  collect_leaves(root, "", out);
  return out;
}

}  // namespace vaso::config
