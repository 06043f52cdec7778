// Walking and changing a tree.
#include "config/path.hpp"
#include "config/tree.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace vaso::config {
namespace {

// The element of a list that a key names; the size of the list where it names none.
std::size_t element(const Node::Array& list, std::string_view key) {
  std::size_t index = list.size();
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  return error == std::errc() && end == key.data() + key.size() ? std::min(index, list.size()) : list.size();
}

const Node* child(const Node& node, const std::string& key) {
  if (node.is_table()) {
    for (const Entry& entry : node.table()) {
      if (entry.key == key) return &entry.node;
    }
  } else if (node.is_array()) {
    if (const std::size_t at = element(node.array(), key); at < node.array().size()) return &node.array()[at];
  }
  return nullptr;
}

// The child, made where a table has none. `path` and `origin` are for the message.
Node& child_to_set(Node& node, const std::string& key, std::string_view path, const Origin& origin) {
  if (node.is_table()) {
    for (Entry& entry : node.table()) {
      if (entry.key == key) return entry.node;
    }
    node.table().push_back({key, origin, Node(Node::Table{}, origin)});
    return node.table().back().node;
  }
  if (node.is_array()) {
    if (const std::size_t at = element(node.array(), key); at < node.array().size()) return node.array()[at];
    throw ConfigError({fmt::format("cannot set `{}`", path), origin,
                       fmt::format("`{}` is no element of a list of {}", key, node.array().size()),
                       "elements are counted from 0; give a whole list to make it longer"});
  }
  throw ConfigError({fmt::format("cannot set `{}`", path), origin,
                     fmt::format("what would hold `{}` is {} ({})", key, node.type_name(), to_text(node)),
                     "give the whole table, or another path"});
}

}  // namespace

Node::Node() : value(Table{}) {}
Node::Node(Value v, Origin o) : value(std::move(v)), origin(std::move(o)) {}

const Node* Node::find(std::string_view path) const {
  std::string fault;
  const std::vector<std::string> keys = split_path(path, fault);
  const Node* node = keys.empty() ? nullptr : this;
  for (const std::string& key : keys) {
    if (node != nullptr) node = child(*node, key);
  }
  return node;
}

Node* Node::find(std::string_view path) { return const_cast<Node*>(std::as_const(*this).find(path)); }

void Node::set(std::string_view path, Node node) {
  std::string fault;
  const std::vector<std::string> keys = split_path(path, fault);
  if (keys.empty()) {
    throw ConfigError({fmt::format("`{}` is no path to a value", path), node.origin, fault,
                       "keys joined by dots, as in `masking.ratio`"});
  }
  Node* at = this;
  Node* holder = nullptr;
  for (const std::string& key : keys) {
    holder = at;
    at = &child_to_set(*at, key, path, node.origin);
  }
  if (holder->is_table()) {
    for (Entry& entry : holder->table()) {
      if (entry.key == keys.back()) entry.key_origin = node.origin;
    }
  }
  *at = std::move(node);
}

std::string Node::type_name() const {
  static constexpr std::array names = {"boolean", "integer", "number", "text", "list", "table"};
  static_assert(names.size() == std::variant_size_v<Value>);
  return names[value.index()];
}

}  // namespace vaso::config
