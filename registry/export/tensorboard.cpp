#include "export/tensorboard.hpp"

#include "export/event_file.hpp"
#include "export/file.hpp"
#include "export/moments.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>

namespace vaso::exporting {
namespace {

std::string file_safe(std::string name) {
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-' && c != '_' && c != '='; }, '-');
  return name.substr(0, 120);
}

std::string markdown_cell(std::string text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return escaped;
}

std::string markdown(const std::map<std::string, std::string>& rows, const char* first, const char* second) {
  std::string text = fmt::format("| {} | {} |\n| --- | --- |\n", first, second);
  for (const auto& [name, value] : rows) {
    text += fmt::format("| {} | {} |\n", markdown_cell(name), markdown_cell(value));
  }
  return text;
}

}  // namespace

std::int64_t write_tensorboard(const runs::Store& store, const std::vector<runs::Run>& runs,
                               const std::filesystem::path& folder, const Progress& progress) {
  std::int64_t points = 0, done = 0;
  for (const runs::Run& run : runs) {
    const auto begin = static_cast<double>(seconds_since_1970(run.started.empty() ? run.created : run.started));
    const std::string name =
        file_safe(fmt::format("{:04}-{}{}{}", run.id, run.phase, run.label.empty() ? "" : "-", run.label));
    const auto place = folder / file_safe(run.experiment.empty() ? "runs" : run.experiment) / name;
    make_folder(place);
    File file(place / fmt::format("events.out.tfevents.{:.0f}.vaso", begin));
    file.write(version_record(begin));
    file.write(text_record(begin, "settings", markdown(store.settings(run.id), "setting", "value")));
    if (const auto conventions = store.conventions(run.id); !conventions.empty()) {
      file.write(text_record(begin, "how metrics were computed", markdown(conventions, "metric", "convention")));
    }
    for (const std::string& series : store.series(run.id)) {
      for (const runs::Point& point : store.points(run.id, series)) {
        file.write(scalar_record(begin, point.step, series, point.value));
        ++points;
      }
    }
    file.close();
    progress(++done);
  }
  return points;
}

}  // namespace vaso::exporting
