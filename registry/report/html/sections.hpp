// The parts of a study's page, as HTML; "" where there is nothing to say.
#pragma once

#include "report/html/study_report.hpp"
#include "report/html/study_runs.hpp"

namespace vaso::report {

// A table of one phase with what may be said about it.
struct Tabled {
  std::string phase;
  Table table;  // its rows are the study's cells
  Analysis analysis;
};

std::string header_of(const StudyRuns& runs, const StudyReportRequest& request);
std::string design_section(const StudyRuns& runs);
std::string results_section(Page& page, const StudyRuns& runs, const std::vector<Tabled>& tables,
                            const StudyReportRequest& request);
std::string ranks_section(Page& page, const std::vector<Tabled>& tables, double level);
std::string images_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                           const std::vector<Tabled>& tables, const StudyReportRequest& request);
// Curves of the phases and, apart from them, what the masks did.
std::string curves_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                           const std::vector<Tabled>& tables);
std::string masking_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                            const std::vector<Tabled>& tables);
std::string panels_section(Page& page, const runs::Store& store, const StudyRuns& runs);
std::string audit_section(const std::vector<Tabled>& tables);
std::string provenance_section(const StudyRuns& runs, const std::vector<Tabled>& tables,
                               const StudyReportRequest& request);

// Cells worth a curve where there are more than fit: the baseline and those with the best average ranks, in the order
// of the study. `left_out` gets how many are not among them.
std::vector<std::size_t> cells_to_draw(const StudyRuns& runs, const std::vector<Tabled>& tables, std::size_t most,
                                       std::size_t& left_out);

}  // namespace vaso::report
