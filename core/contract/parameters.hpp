// Reading and setting described parameters by name.
#pragma once

#include "sdk/schema.hpp"

#include <optional>
#include <string>

namespace vaso::contract {

const Field* field_named(const Schema& schema, const std::string& name);  // null where there is none
std::optional<double> number(const Field& field);                         // nothing where it holds no single number
// Sets a number, or every element of a list of numbers (as many as it must have, one where that is free). False where
// the field holds neither.
bool set_number(const Field& field, double value);

// "throw_ratio": what TOML keys look like here.
bool is_snake_case(const std::string& word);

}  // namespace vaso::contract
