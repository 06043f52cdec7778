// Parameters of components in words, from what the worker tells about them (config::schema_to_json).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace vaso::cli {

// Numbers as a person writes them: 0.5, not 0.500000. Text in quotes, lists in brackets.
std::string value_text(const nlohmann::json& value);

// "0.05 … 0.95", "at least 1", "mean, max"; "" where the schema sets no bound.
std::string range_text(const nlohmann::json& parameter);

}  // namespace vaso::cli
