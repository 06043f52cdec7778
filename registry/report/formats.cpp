#include "report/formats.hpp"

#include "report/grid.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace vaso::report {
namespace {

struct Named {
  const char* name;
  Format format;
  std::string (*write)(const Table&, const Analysis&, const Appearance&);
};

constexpr Named formats[] = {{"text", Format::text, write_text},
                             {"md", Format::markdown, write_markdown},
                             {"csv", Format::csv, write_csv},
                             {"latex", Format::latex, write_latex},
                             {"json", Format::json, write_json}};

constexpr std::pair<const char*, Layout> layouts[] = {
    {"plain", Layout::plain}, {"main", Layout::main}, {"detection", Layout::detection}, {"ablation", Layout::ablation}};

}  // namespace

Format parse_format(const std::string& name) {
  if (name == "markdown") return Format::markdown;
  std::vector<std::string> names;
  for (const Named& known : formats) {
    if (name == known.name) return known.format;
    names.emplace_back(known.name);
  }
  throw std::invalid_argument(fmt::format("there is no table format `{}`; known: {}", name, fmt::join(names, ", ")));
}

Layout parse_layout(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, layout] : layouts) {
    if (name == known) return layout;
    names.emplace_back(known);
  }
  throw std::invalid_argument(fmt::format("there is no layout `{}`; known: {}", name, fmt::join(names, ", ")));
}

std::string write(const Table& table, const Analysis& analysis, const Appearance& appearance) {
  for (const Named& known : formats) {
    if (known.format == appearance.format) return known.write(table, analysis, appearance);
  }
  throw std::invalid_argument("no such format");
}

std::string write(const Table& table, Format format) {
  return write(table, summarised(table, {}), {format, Layout::plain, false});
}

}  // namespace vaso::report
