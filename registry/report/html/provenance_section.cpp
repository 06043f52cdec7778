// For every number the runs that it is made of, and the commands that make it again.
#include "plot/markup.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace vaso::report {
namespace {

using plot::escape;

std::string values_of(const Cell& cell) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < cell.values.size(); ++i) {
    values.push_back(fmt::format("seed {}: {} (run {})", cell.seeds[i], exact(cell.values[i]), cell.runs[i]));
  }
  for (const Missing& missing : cell.missing) values.push_back(fmt::format("seed {}: {}", missing.seed, missing.why));
  return escape(fmt::format("{}", fmt::join(values, "; ")));
}

// Columns of one task come from the same runs: one command makes all of them again.
std::string numbers_of(const std::vector<Tabled>& tables, std::size_t cell, const std::string& home_option) {
  std::string html;
  std::vector<std::vector<std::int64_t>> said;
  for (const Tabled& tabled : tables) {
    for (std::size_t c = 0; c < tabled.table.columns.size(); ++c) {
      const Cell& of = tabled.table.rows[cell].cells[c];
      html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(tabled.table.columns[c].title), values_of(of));
      if (!of.runs.empty() && std::find(said.begin(), said.end(), of.runs) == said.end()) said.push_back(of.runs);
    }
  }
  html = "<dl class=\"facts\">\n" + html + "</dl>\n";
  for (const std::vector<std::int64_t>& runs : said) {
    // Under another name: the study keeps its own.
    html += command(
        fmt::format("for run in {}; do vaso show $run --format toml{} > run-$run.toml && vaso run run-$run.toml "
                    "--again --set name=run-$run{}; done",
                    fmt::join(runs, " "), home_option, home_option));
  }
  return html;
}

std::string runs_of(const StudyRuns& runs, std::size_t cell) {
  std::string rows;
  for (const Part& part : runs.parts()) {
    for (const std::int64_t seed : runs.study().seeds) {
      if (!runs.wants(cell, seed, part)) continue;
      const runs::Run* run = runs.find(cell, seed, part);
      if (run == nullptr) {
        rows += fmt::format("<tr><td>–</td><td>{}</td><td>{}</td><td colspan=\"4\">not started</td></tr>\n",
                            escape(part.title()), seed);
        continue;
      }
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>\n",
          run->id, escape(part.title()), seed, runs::to_text(run->status), escape(run->finished), escape(run->host),
          escape(run->identity.substr(0, 12)));
    }
  }
  return "<div class=\"wide\"><table><thead><tr><th>run</th><th>phase or task</th><th>seed</th><th>status</th>"
         "<th>finished</th><th>host</th><th>identity</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

}  // namespace

std::string provenance_section(const StudyRuns& runs, const std::vector<Tabled>& tables,
                               const StudyReportRequest& request) {
  const runs::StudyRecord& study = runs.study();
  std::string html = "<p>The whole study; what has run is not run again:</p>\n" +
                     command(fmt::format("vaso study run {}{}", std::filesystem::path(study.file).filename().string(),
                                         request.home_option)) +
                     "<p>One run, with everything recorded about it: settings, files, plugins, machine.</p>\n" +
                     command(fmt::format("vaso show ID{}", request.home_option)) +
                     "<p>The numbers of each cell, and how to make them again from the recorded settings:</p>\n";
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell) {
    html += folded(escape(cell_name(study, cell)),
                   fmt::format("<div id=\"cell-{}\">\n{}{}</div>\n", cell,
                               numbers_of(tables, cell, request.home_option), runs_of(runs, cell)));
  }
  if (!study.config_toml.empty()) {
    html += folded("The study's file, resolved", "<pre>" + escape(study.config_toml) + "</pre>\n");
  }
  return html;
}

}  // namespace vaso::report
