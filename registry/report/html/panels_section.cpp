// The pictures that runs make at their end: what guides and what is hidden and rebuilt, what the segmentor sees,
// answers on test images.
#include "plot/markup.hpp"
#include "report/html/sections.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::report {
namespace {

using plot::escape;

const char* meaning_of(const std::string& phase) {
  if (phase == "segmentor") return "image, the filter's mask that taught the segmentor, what it learned";
  if (phase == "pretrain")
    return "image, guidance, mask plan (masked grey, dropped black), reconstruction of what was masked";
  return "test images, truth, prediction";
}

}  // namespace

std::string panels_section(Page& page, const runs::Store& store, const StudyRuns& runs) {
  std::string html;
  const std::size_t left_out_before = page.pictures_left_out();
  for (const Part& part : runs.parts()) {
    std::string sheets;
    for (const SharedCells& group : shared_cells(runs, part)) {
      const runs::Run& run = *group.runs.front();
      for (const runs::Artefact& artefact : store.artefacts(run.id)) {
        if (artefact.name != "picture") continue;
        const std::vector<std::string> data = page.pictures({fs::path(run.folder) / artefact.file});
        if (data.empty()) continue;
        const std::string caption = fmt::format("{}, seed {} (run {})", escape(group.name), run.seed, run.id);
        sheets += folded(caption,
                         fmt::format("<figure class=\"sheet\"><img src=\"{}\" alt=\"{}\" loading=\"lazy\"/>"
                                     "<figcaption>{}</figcaption></figure>\n",
                                     data.front(), caption, meaning_of(part.phase)),
                         sheets.empty() && part.phase == "pretrain");
      }
    }
    if (!sheets.empty()) html += fmt::format("<h3>{}</h3>\n{}", escape(part.title()), sheets);
  }
  if (const std::size_t left_out = page.pictures_left_out() - left_out_before; left_out > 0) {
    html += fmt::format(
        "<p class=\"note\">{} pictures are left out to keep the page small; they are in the folders of their "
        "runs, and --pictures MIB makes room.</p>\n",
        left_out);
  }
  return html.empty() ? "" : "<p class=\"note\">Of each cell the first seed.</p>\n" + html;
}

}  // namespace vaso::report
