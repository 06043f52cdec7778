// A configuration as a tree of values that know where they came from.
#pragma once

#include "config/diagnostics.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vaso::config {

struct Entry;

class Node {
 public:
  using Array = std::vector<Node>;
  using Table = std::vector<Entry>;  // in file order
  using Value = std::variant<bool, std::int64_t, double, std::string, Array, Table>;

  Node();  // an empty table
  Node(Value v, Origin o);

  Value value;
  Origin origin;

  bool is_table() const { return std::holds_alternative<Table>(value); }
  bool is_array() const { return std::holds_alternative<Array>(value); }
  const Table& table() const { return std::get<Table>(value); }
  Table& table() { return std::get<Table>(value); }
  const Array& array() const { return std::get<Array>(value); }
  Array& array() { return std::get<Array>(value); }

  // "masking.ratio"; elements of arrays by number ("loss.0.weight"); keys with dots in quotes, as in TOML. Null where
  // there is none.
  const Node* find(std::string_view path) const;
  Node* find(std::string_view path);
  // Sets a value, making tables on the way; replaces what is there. Setting below a scalar throws ConfigError.
  void set(std::string_view path, Node node);
  // "boolean", "integer", "number", "text", "list", "table": for messages.
  std::string type_name() const;
};

struct Entry {
  std::string key;
  Origin key_origin;
  Node node;
};

// Reads a file and all that it extends (`extends = "base.toml"` or a list; paths relative to the file that says so;
// later ones and the file itself win key by key; arrays are replaced whole; cycles are refused). Then applies
// overrides. Throws ConfigError with every syntax error found.
Node load(const std::filesystem::path& file, const std::vector<std::string>& overrides);

// One TOML text without the files it may extend; `name` stands for the file in origins.
Node parse(std::string_view text, const std::string& name);

// "masking.ratio=0.6": the right side is a TOML value; anything else that does not begin like a text, list or table is
// taken as text, so that `data.root=../frames` needs no quotes. Origin: "--set masking.ratio=0.6".
void apply_override(Node& root, std::string_view assignment);

// One line of TOML: 0.5, "text", [1, 2], {a = 1}.
std::string to_text(const Node& node);
// Canonical TOML with a comment per value saying where it came from (with_origins), or none.
std::string to_toml(const Node& root, bool with_origins);
// One line, keys sorted, numbers in their shortest form (1.0 as 1): equal settings give equal text. For hashes and the
// database.
std::string to_json(const Node& root);

// All leaves as (dotted path, canonical text of the value, origin). A text stands without quotes, as tables show it;
// the elements of a list are leaves of their own only where it holds tables.
struct Leaf {
  std::string path;
  std::string value;
  Origin origin;
};
std::vector<Leaf> leaves(const Node& root);

}  // namespace vaso::config
