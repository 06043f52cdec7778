// Tables in Markdown files that are written from the components' own descriptions. They stand between two comments:
//
//   <!-- vaso plugins docs: masking.anatomy -->      the parameters of one component
//   <!-- vaso plugins docs: masking -->              the components of a kind, with a link to KIND/NAME/README.md
//   <!-- end -->
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace vaso::cli {

// What a file asks for, in order: "masking.anatomy", "masking". Throws std::runtime_error where a comment has no end.
std::vector<std::string> wanted_tables(const std::string& text);

// The text with every table replaced by what `table` gives for its name.
std::string with_tables(const std::string& text, const std::function<std::string(const std::string&)>& table);

// The parameters of one component, as the worker tells them.
std::string parameter_table(const nlohmann::json& component);

// Name and summary of each; `link` gives where a name points to, or "".
std::string component_table(const std::vector<nlohmann::json>& components,
                            const std::function<std::string(const std::string&)>& link);

}  // namespace vaso::cli
