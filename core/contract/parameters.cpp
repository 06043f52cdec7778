#include "contract/parameters.hpp"

#include "contract/subject.hpp"

#include "config/binding.hpp"

#include <algorithm>
#include <set>
#include <variant>

namespace vaso::contract {

Parameters Subject::parameters() const {
  Parameters parameters = entry().parameters();
  if (!settings) return parameters;
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(*settings, parameters.schema, name, used, faults);
  config::refuse_unknown(*settings, name, used, {}, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  return parameters;
}

const Field* field_named(const Schema& schema, const std::string& name) {
  for (const Field& field : schema.fields())
    if (field.name == name) return &field;
  return nullptr;
}

std::optional<double> number(const Field& field) {
  if (const auto* const* slot = std::get_if<double*>(&field.slot)) return **slot;
  if (const auto* const* slot = std::get_if<std::int64_t*>(&field.slot)) return static_cast<double>(**slot);
  return std::nullopt;
}

bool set_number(const Field& field, double value) {
  const auto length = static_cast<std::size_t>(std::max<std::int64_t>(field.length, 1));
  const auto whole = static_cast<std::int64_t>(value);
  if (auto* const* slot = std::get_if<double*>(&field.slot)) {
    **slot = value;
  } else if (auto* const* slot = std::get_if<std::int64_t*>(&field.slot)) {
    **slot = whole;
  } else if (auto* const* slot = std::get_if<std::vector<double>*>(&field.slot)) {
    (*slot)->assign(length, value);
  } else if (auto* const* slot = std::get_if<std::vector<std::int64_t>*>(&field.slot)) {
    (*slot)->assign(length, whole);
  } else {
    return false;
  }
  return true;
}

bool is_snake_case(const std::string& word) {
  return !word.empty() && word[0] >= 'a' && word[0] <= 'z' && word.back() != '_' &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

}  // namespace vaso::contract
