#include "parameter_text.hpp"

#include "terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::cli {

using Json = nlohmann::json;

std::string value_text(const Json& value) {
  if (value.is_string()) return fmt::format("\"{}\"", value.get<std::string>());
  if (value.is_number_float()) return number(value.get<double>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& element : value) text += (text.empty() ? "" : ", ") + value_text(element);
  return "[" + text + "]";
}

std::string range_text(const Json& parameter) {
  if (const auto choices = parameter.find("choices"); choices != parameter.end() && !choices->empty()) {
    std::string text;
    for (const Json& choice : *choices)
      text += (text.empty() ? "" : ", ") + (choice.is_string() ? choice.get<std::string>() : choice.dump());
    return text;
  }
  const Json least = parameter.value("least", Json());
  const Json most = parameter.value("most", Json());
  if (least.is_null() && most.is_null()) return {};
  if (most.is_null()) return "at least " + value_text(least);
  if (least.is_null()) return "at most " + value_text(most);
  return fmt::format("{} … {}", value_text(least), value_text(most));
}

}  // namespace vaso::cli
