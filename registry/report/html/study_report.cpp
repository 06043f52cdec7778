#include "report/html/study_report.hpp"

#include "report/html/sections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::report {
namespace {

// A table for each phase that has one of the metrics, the last phase first: it is what the study is about.
std::vector<Tabled> tables_of(const runs::Store& store, const StudyRuns& runs, const StudyReportRequest& request) {
  std::vector<std::string> phases;
  for (const Part& part : runs.parts()) {
    if (std::find(phases.begin(), phases.end(), part.phase) == phases.end()) phases.push_back(part.phase);
  }
  std::reverse(phases.begin(), phases.end());
  if (!request.metrics.empty()) phases = {""};  // the phase is that of the metrics
  std::vector<Tabled> tables;
  for (const std::string& phase : phases) {
    Table table = tabulate(store, runs.study(), {request.metrics, phase});
    if (table.columns.empty()) continue;
    Analysis analysis = analyse(table, store, request.analysis);
    const std::string title = phase.empty() ? table.columns.front().phase : phase;
    tables.push_back({title, std::move(table), std::move(analysis)});
  }
  return tables;
}

std::string footer_of(const Page& page) {
  std::string html = "<p>Error bars, bands and tests are explained where they stand. Colours: Okabe and Ito.";
  if (page.pictures_left_out() > 0) {
    html += fmt::format(" {} pictures are left out to keep this page small: <code>--pictures MIB</code> makes room.",
                        page.pictures_left_out());
  }
  return html + "</p>\n";
}

}  // namespace

StudyReport make_study_report(const runs::Store& store, const runs::StudyRecord& study,
                              const StudyReportRequest& request) {
  const StudyRuns runs(store, study);
  const std::vector<Tabled> tables = tables_of(store, runs, request);
  Page page(request.picture_bytes);
  const auto add = [&](const char* id, const char* title, std::string body) {
    if (!body.empty()) page.add_section(id, title, std::move(body));
  };
  add("design", "Design", design_section(runs));
  add("results", "Results", results_section(page, runs, tables, request));
  add("ranks", "Ranks", ranks_section(page, tables, request.analysis.level));
  add("images", "Image by image", images_section(page, store, runs, tables, request));
  add("curves", "Learning curves", curves_section(page, store, runs, tables));
  add("masking", "What was masked", masking_section(page, store, runs, tables));
  add("pictures", "Guidance and reconstruction", panels_section(page, store, runs));
  add("audit", "Audit", audit_section(tables));
  add("reproduce", "Where the numbers come from", provenance_section(runs, tables, request));
  StudyReport report;
  report.html = page.document(study.name, header_of(runs, request), footer_of(page));
  report.plots = page.plots();
  report.pictures_left_out = page.pictures_left_out();
  return report;
}

}  // namespace vaso::report
