#include "export/csv.hpp"

#include "export/file.hpp"
#include "report/csv_field.hpp"

#include <fmt/format.h>
#include <cmath>

namespace vaso::exporting {
namespace {

std::string field(const std::string& text) { return report::csv_field(text); }

std::string field(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  return fmt::format("{}", value);  // the shortest that reads back as the same number
}

std::string field(std::int64_t value) { return std::to_string(value); }

class CsvFile {
 public:
  CsvFile(const std::filesystem::path& file, const char* heading) : file_(file) {
    file_.write(std::string(heading) + "\n");
  }

  template <class... Fields>
  void row(const Fields&... fields) {
    std::string line;
    ((line += field(fields), line += ','), ...);
    line.back() = '\n';
    file_.write(line);
  }

  void close() { file_.close(); }

 private:
  File file_;
};

}  // namespace

void write_csv(const runs::Store& store, const std::vector<runs::Run>& runs, const std::filesystem::path& folder,
               const Progress& progress) {
  make_folder(folder);
  CsvFile table(
      folder / "runs.csv",
      "run,experiment,phase,label,identity,status,seed,parent,folder,data_fingerprint,created,started,finished,"
      "host,device,libtorch,version,revision,dirty,threads,wall_seconds,peak_memory_bytes,resumed,"
      "stopped_early,exit_code,signal,message");
  CsvFile settings(folder / "settings.csv", "run,setting,value");
  CsvFile metrics(folder / "metrics.csv", "run,metric,step,value");
  CsvFile images(folder / "per_image.csv", "run,metric,image,value");
  CsvFile conventions(folder / "conventions.csv", "run,metric,convention");
  std::int64_t done = 0;
  for (const runs::Run& run : runs) {
    table.row(run.id, run.experiment, run.phase, run.label, run.identity, runs::to_text(run.status), run.seed,
              run.parent, run.folder, run.data_fingerprint, run.created, run.started, run.finished, run.host,
              run.device, run.libtorch, run.version, run.revision, std::int64_t{run.dirty}, run.threads,
              run.wall_seconds, run.peak_memory, run.resumed, std::int64_t{run.stopped_early},
              std::int64_t{run.exit_code}, std::int64_t{run.signal}, run.message);
    for (const auto& [path, value] : store.settings(run.id)) settings.row(run.id, path, value);
    for (const std::string& series : store.series(run.id)) {
      for (const runs::Point& point : store.points(run.id, series))
        metrics.row(run.id, series, point.step, point.value);
    }
    for (const std::string& metric : store.per_image_metrics(run.id)) {
      for (const auto& [image, value] : store.per_image(run.id, metric)) images.row(run.id, metric, image, value);
    }
    for (const auto& [metric, text] : store.conventions(run.id)) conventions.row(run.id, metric, text);
    progress(++done);
  }
  for (CsvFile* const file : {&table, &settings, &metrics, &images, &conventions}) file->close();
}

}  // namespace vaso::exporting
