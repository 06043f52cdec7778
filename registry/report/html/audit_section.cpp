// What the compared runs differ in beside the factors, and what else a reader must know.
#include "plot/markup.hpp"
#include "report/html/sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace vaso::report {
namespace {

using plot::escape;

const char* kind_in_words(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::between_rows:
      return "Rows differ in";
    case Finding::Kind::within_row:
      return "Rows average over runs that differ in";
    case Finding::Kind::of_runs:
      return "Of single runs:";
  }
  return "";
}

std::string rows_in_words(const Finding::Value& value, const Table& table) {
  if (value.rows.empty() || value.rows.size() == table.rows.size()) return "";
  std::vector<std::string> names;
  for (const std::size_t row : value.rows) names.push_back(table.rows[row].name());
  return fmt::format(" in {}", escape(fmt::format("{}", fmt::join(names, "; "))));
}

std::string in_words(const Finding& finding, const Table& table) {
  std::string values;
  for (const Finding::Value& value : finding.values) {
    values += fmt::format("<li>{}{}{} <span class=\"note\">run{} {}</span></li>\n",
                          value.text.empty() ? "" : fmt::format("<code>{}</code>", escape(value.text)),
                          rows_in_words(value, table), value.text.empty() ? "" : ":", value.runs.size() == 1 ? "" : "s",
                          fmt::join(value.runs, ", "));
  }
  return fmt::format("<li>{} <b>{}</b>{}<ul>\n{}</ul></li>\n", kind_in_words(finding.kind), escape(finding.property),
                     finding.phase.empty() ? "" : " (" + escape(finding.phase) + ")", values);
}

}  // namespace

std::string audit_section(const std::vector<Tabled>& tables) {
  std::string html, notes;
  std::vector<std::pair<std::string, std::string>>
      said;  // findings, and the tables that have them: mostly all the same
  for (const Tabled& tabled : tables) {
    std::string findings;
    for (const Finding& finding : tabled.table.findings) findings += in_words(finding, tabled.table);
    for (const std::string& note : tabled.table.notes) notes += fmt::format("<li>{}</li>\n", escape(note));
    const auto same = std::find_if(said.begin(), said.end(), [&](const auto& each) { return each.first == findings; });
    if (same == said.end()) {
      said.emplace_back(std::move(findings), tabled.phase);
    } else {
      same->second += ", " + tabled.phase;
    }
  }
  for (const auto& [findings, phases] : said) {
    if (said.size() > 1) html += fmt::format("<h3>{}</h3>\n", escape(phases));
    html += findings.empty()
                ? "<p>The runs differ in nothing but the declared factors: settings, data, plugins, source, "
                  "LibTorch and device were compared.</p>\n"
                : "<ul class=\"audit\">\n" + findings + "</ul>\n";
  }
  if (!notes.empty()) html += "<h3>Notes</h3>\n<ul class=\"audit\">\n" + notes + "</ul>\n";
  return html;
}

}  // namespace vaso::report
