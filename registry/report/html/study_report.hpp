// A study as one HTML page: question, design, tables, plots, pictures, audit, and where every number comes from.
#pragma once

#include "report/analysis.hpp"
#include "report/html/page.hpp"

namespace vaso::report {

struct StudyReportRequest {
  AnalysisRequest analysis;
  std::vector<std::string> metrics;  // of the tables, as StudyTableRequest has them; empty = the usual
  std::int64_t picture_bytes = std::int64_t{24} << 20;  // of all files in the page
  std::size_t cases = 4;                                // best and worst images of each comparison
  std::string made;                                     // "2026-01-31T12:00:00Z by VasoLab 0.1.0"
  std::string home_option;                              // " --home DIR" where the commands need it
};

struct StudyReport {
  std::string html;
  std::vector<PlotFile> plots;
  std::size_t pictures_left_out = 0;  // for the size of the page; the page says so too
};

// Cells that failed, run or never started are shown as such. Throws std::invalid_argument, with near names, for an
// unknown metric.
StudyReport make_study_report(const runs::Store& store, const runs::StudyRecord& study,
                              const StudyReportRequest& request);

}  // namespace vaso::report
