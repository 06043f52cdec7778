// Schemas as data: current values, and descriptions for `vaso plugins info`.
#include "config/binding.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>

namespace vaso::config {
namespace {

// In the order of Field::Slot.
constexpr std::array type_names = {"boolean",          "integer",         "number",       "text",
                                   "list of integers", "list of numbers", "list of texts"};
static_assert(type_names.size() == std::variant_size_v<Field::Slot>);

const Origin by_default{"default", 0, 0, ""};

template <class T>
Node node_of(const T& value) {
  return {value, by_default};
}

template <class T>
Node node_of(const std::vector<T>& values) {
  Node::Array list;
  for (const T& value : values) list.push_back(node_of(value));
  return {std::move(list), by_default};
}

Node value_of(const Field& field) {
  return std::visit([](const auto* slot) { return node_of(*slot); }, field.slot);
}

nlohmann::ordered_json limit(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

}  // namespace

Node values(const Schema& schema) {
  Node::Table table;
  for (const Field& field : schema.fields()) table.push_back({field.name, by_default, value_of(field)});
  return {std::move(table), by_default};
}

std::string schema_to_json(const Schema& schema) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Field& field : schema.fields()) {
    out.push_back({{"name", field.name},
                   {"type", type_names[field.slot.index()]},
                   {"meaning", field.meaning},
                   {"unit", field.unit},
                   {"default", nlohmann::ordered_json::parse(to_json(value_of(field)))},
                   {"least", limit(field.least)},
                   {"most", limit(field.most)},
                   {"choices", field.choices},
                   {"length", field.length < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(field.length)},
                   {"path", field.path}});
  }
  // A plugin's texts may hold any bytes; the answer of a query must be JSON all the same.
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace vaso::config
