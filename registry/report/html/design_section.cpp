// What the study asks, how it goes about it, and how far it has come.
#include "plot/markup.hpp"
#include "report/html/sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

namespace vaso::report {
namespace {

using plot::escape;

std::string duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
  return minutes < 100 ? fmt::format("{} min", minutes) : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string fact(const char* name, const std::string& html) {
  return html.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html);
}

// The different values of one column of the runs, for readers who ask what all of this was computed on.
std::string distinct(const StudyRuns& runs, std::string (*of)(const runs::Run&)) {
  std::set<std::string> values;
  for (const auto& [id, run] : runs.all()) values.insert(of(run));
  values.erase("");
  return escape(fmt::format("{}", fmt::join(values, "; ")));
}

std::string counts(const StudyRuns& runs) {
  std::map<runs::Status, std::size_t> by_status;
  double seconds = 0;
  for (const auto& [id, run] : runs.all()) {
    ++by_status[run.status];
    seconds += run.wall_seconds;
  }
  std::string text = fmt::format("{} of {} finished", by_status[runs::Status::finished], runs.wanted());
  for (const auto& [status, count] : by_status) {
    if (status != runs::Status::finished && count > 0) text += fmt::format(", {} {}", count, runs::to_text(status));
  }
  if (runs.wanted() > runs.all().size()) text += fmt::format(", {} not started", runs.wanted() - runs.all().size());
  return text + fmt::format("; {} of computing", duration(seconds));
}

std::string design_in_words(const runs::StudyRecord& study) {
  const std::string cells = fmt::format("{} cells × {} seeds", study.cells.size(), study.seeds.size());
  if (study.design == "one_factor") return cells + ": the baseline, and every other level of each factor in turn";
  if (study.design == "leave_one_out")
    return cells + ": the whole method, and each factor in turn back at its first level";
  if (study.design == "list") return cells + ", as listed";
  return cells + ": every combination of levels";
}

std::string settings_of(const runs::StudyLevel& level) {
  std::string text;
  for (const auto& [path, value] : level.settings) {
    text += fmt::format("{}<code>{} = {}</code>", text.empty() ? "" : "<br/>", escape(path), escape(value));
  }
  return text;
}

std::string factors_table(const runs::StudyRecord& study) {
  if (study.factors.empty()) return "";
  std::string rows;
  for (const runs::StudyFactor& factor : study.factors) {
    for (std::size_t i = 0; i < factor.levels.size(); ++i) {
      rows += "<tr>";
      if (i == 0) rows += fmt::format("<th rowspan=\"{}\">{}</th>", factor.levels.size(), escape(factor.name));
      rows +=
          fmt::format("<td>{}</td><td>{}</td></tr>\n", escape(factor.levels[i].name), settings_of(factor.levels[i]));
    }
  }
  return fmt::format(
      "<h3>Factors</h3>\n<div class=\"wide\"><table><thead><tr><th>factor</th><th>level</th><th>sets</th></tr></thead>"
      "<tbody>\n{}</tbody></table></div>\n",
      rows);
}

// Shape and word beside the colour, for those who cannot tell colours apart.
std::string chip(const Part& part, const runs::Run* run) {
  if (run == nullptr) {
    return fmt::format("<span class=\"chip never\" title=\"not started\">· {}</span>", escape(part.title()));
  }
  const char* sign = run->status == runs::Status::finished  ? "✓"
                     : run->status == runs::Status::running ? "…"
                     : run->status == runs::Status::planned ? "·"
                                                            : "✗";
  const std::string status = runs::to_text(run->status);
  return fmt::format("<span class=\"chip {0}\" title=\"run {1}: {0}, {2}\">{3} {4}</span>", status, run->id,
                     duration(run->wall_seconds), sign, escape(part.title()));
}

}  // namespace

std::string header_of(const StudyRuns& runs, const StudyReportRequest& request) {
  const runs::StudyRecord& study = runs.study();
  std::string html = fmt::format("<h1>{}</h1>\n", escape(study.name));
  if (!study.question.empty()) html += fmt::format("<p class=\"question\">{}</p>\n", escape(study.question));
  html +=
      "<dl class=\"facts\">\n" + fact("design", escape(design_in_words(study))) + fact("runs", escape(counts(runs)));
  html += fact("device", distinct(runs, [](const runs::Run& run) {
                 return run.device + (run.threads.empty() ? "" : " (" + run.threads + ")");
               }));
  html += fact("software", distinct(runs, [](const runs::Run& run) {
                 return fmt::format("VasoLab {} {}{}{}", run.version, run.revision.substr(0, 12),
                                    run.dirty ? " with uncommitted changes" : "",
                                    run.libtorch.empty() ? "" : ", LibTorch " + run.libtorch);
               }));
  html += fact("planned", escape(study.created)) + fact("page made", escape(request.made)) + "</dl>\n";
  return html;
}

std::string design_section(const StudyRuns& runs) {
  const runs::StudyRecord& study = runs.study();
  std::string head;
  for (const std::int64_t seed : study.seeds) head += fmt::format("<th>seed {}</th>", seed);
  std::string rows, failures;
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell) {
    const bool baseline = study.cells[cell].baseline;
    rows += fmt::format("<tr{}><th>{}{}</th>", baseline ? " class=\"baseline\"" : "", escape(cell_name(study, cell)),
                        baseline ? " <small class=\"note\">baseline</small>" : "");
    for (const std::int64_t seed : study.seeds) {
      rows += "<td>";
      for (const Part& part : runs.parts()) {
        if (runs.wants(cell, seed, part)) rows += chip(part, runs.find(cell, seed, part));
      }
      rows += "</td>";
    }
    rows += "</tr>\n";
  }
  for (const auto& [id, run] : runs.all()) {
    if (run.status != runs::Status::failed && run.status != runs::Status::interrupted) continue;
    failures +=
        fmt::format("<li>run {} ({} {}) {}{}</li>\n", id, escape(run.phase), escape(run.label),
                    runs::to_text(run.status), run.message.empty() ? "" : ":<pre>" + escape(run.message) + "</pre>");
  }
  if (!failures.empty()) failures = "<h3>What went wrong</h3>\n<ul>\n" + failures + "</ul>\n";
  return factors_table(study) +
         fmt::format(
             "<h3>Cells</h3>\n<div class=\"wide\"><table><thead><tr><th></th>{}</tr></thead><tbody>\n{}"
             "</tbody></table></div>\n<p class=\"note\">✓ finished, … running, ✗ failed or interrupted, · not "
             "started. Cells share runs that would be equal.</p>\n",
             head, rows) +
         failures;
}

}  // namespace vaso::report
