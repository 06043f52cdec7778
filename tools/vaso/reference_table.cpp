#include "reference_table.hpp"

#include "parameter_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

constexpr std::string_view opening = "<!-- vaso plugins docs: ", closing = " -->\n", ending = "<!-- end -->";

// Where a table stands in a text: between its two comments.
struct Place {
  std::string name;
  std::size_t from, to;
};

std::vector<Place> places(const std::string& text) {
  std::vector<Place> found;
  for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    const std::size_t name = at + opening.size(), close = text.find(closing, name);
    const std::size_t end = close == std::string::npos ? close : text.find(ending, close);
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    if (end == std::string::npos || text.find(opening, name) < end) {
      throw std::runtime_error(
          fmt::format("line {}: this comment needs a line `{}` after it, where its table ends", line, ending));
    }
    found.push_back({text.substr(name, close - name), close + closing.size(), end});
    at = end;
  }
  return found;
}

// As it may stand in a cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::vector<std::string> wanted_tables(const std::string& text) {
  std::vector<std::string> names;
  for (const Place& place : places(text)) names.push_back(place.name);
  return names;
}

std::string with_tables(const std::string& text, const std::function<std::string(const std::string&)>& table) {
  std::string out;
  std::size_t done = 0;
  for (const Place& place : places(text)) {
    out += text.substr(done, place.from - done) + table(place.name);
    done = place.to;
  }
  return out + text.substr(done);
}

std::string parameter_table(const Json& component) {
  const Json parameters = component.value("parameters", Json::array());
  if (parameters.empty()) return "No parameters.\n";
  std::string text = "| parameter | default | range | meaning |\n| --- | --- | --- | --- |\n";
  for (const Json& parameter : parameters) {
    const std::string range = range_text(parameter), unit = parameter.value("unit", "");
    text += fmt::format("| `{}` | `{}` | {} | {} |\n", parameter.at("name").get<std::string>(),
                        cell(value_text(parameter.value("default", Json()))),
                        cell(range + (range.empty() || unit.empty() ? "" : " ") + unit),
                        cell(parameter.value("meaning", "")));
  }
  return text;
}

std::string component_table(const std::vector<Json>& components,
                            const std::function<std::string(const std::string&)>& link) {
  std::string text = "| component | what it is |\n| --- | --- |\n";
  for (const Json& component : components) {
    const std::string name = component.at("component"), target = link(name);
    text += fmt::format("| {} | {} |\n", target.empty() ? "`" + name + "`" : fmt::format("[`{}`]({})", name, target),
                        cell(component.value("summary", "")));
  }
  return text;
}

}  // namespace vaso::cli
