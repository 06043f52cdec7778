#include "report/formats.hpp"

#include "report/grid.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace vaso::report {
namespace {

struct Named {
  const char* name;
  Format format;
  std::string (*write)(const Table&);
};

constexpr Named formats[] = {{"text", Format::text, write_text},
                             {"md", Format::markdown, write_markdown},
                             {"csv", Format::csv, write_csv},
                             {"latex", Format::latex, write_latex},
                             {"json", Format::json, write_json}};

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

std::string write(const Table& table, Format format) {
  for (const Named& known : formats) {
    if (known.format == format) return known.write(table);
  }
  throw std::invalid_argument("no such format");
}

}  // namespace vaso::report
