// vaso report: a study as a page.
#include "exit_codes.hpp"
#include "home.hpp"
#include "named_study.hpp"
#include "report/html/study_report.hpp"
#include "revision.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "word_list.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

void write_file(const fs::path& file, const std::string& content) {
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  if (!stream.flush()) {
    throw std::runtime_error(
        fmt::format("{} cannot be written: {}; see whether the folder can be written and the disk has "
                    "room.",
                    shown(file), std::strerror(errno)));
  }
}

}  // namespace

int report(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words, metrics;
  std::string out_folder, pairing = "seed", spread = "sd", test = "wilcoxon";
  std::int64_t cases = 4, picture_mib = 24;
  CommandLine line(
      "report", "STUDY [options]",
      "Writes a study as one HTML page that needs nothing else: question, design, tables, learning curves,\n"
      "differences by image with the best and worst cases, guidance and reconstruction, audit, and for every\n"
      "number its runs and the command that makes it again. Each plot is also an SVG file. Cells that failed or\n"
      "have not run are shown as such, so that a page can be made while a study runs.");
  line.words(words, 1, 1, "the name of a study, or its file")
      .of({Value::study, Value::experiment})
      .value(out_folder, "out", "DIR", "folder of the page and its plots (default: STUDY-report)")
      .list(metrics, "metric", "NAME,…",
            "columns of the table, e.g. test.dice or vessels/test.dice (default: the usual)")
      .of({Value::metric})
      .value(spread, "spread", "S", "sd, t or bootstrap: standard deviation or interval over seeds (default: sd)")
      .choices({"sd", "t", "bootstrap"})
      .value(pairing, "pair", "P", "what tests pair: image, seed or column (default: seed)")
      .choices({"image", "seed", "column"})
      .value(test, "test", "T", "wilcoxon or t (default: wilcoxon)")
      .choices({"wilcoxon", "t"})
      .value(cases, "cases", "N", "best and worst images shown of each comparison; 0 = none (default: 4)")
      .value(picture_mib, "pictures", "MIB", "most pictures the page may hold, in MiB (default: 24)");
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso report ablation --out ablation-report", "then open ablation-report/index.html")
      .example("vaso report ablation --metric test.dice,test.cl_dice --pair image", "tests over images, not seeds");
  if (!line.parse(arguments)) return exit_ok;
  if (cases < 0 || picture_mib < 0) throw UsageError("--cases and --pictures are counts from 0.");
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_usage;
  }
  const runs::StudyRecord study = named_study(*store, words.front());

  report::StudyReportRequest request;
  try {
    request.analysis.spread = report::parse_spread(spread);
    request.analysis.pairing = report::parse_pairing(pairing);
    request.analysis.test = report::parse_test(test);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  request.metrics = split_words(metrics);
  request.cases = static_cast<std::size_t>(cases);
  request.picture_bytes = picture_mib << 20;
  request.home_option = options.home_again();
  request.made = fmt::format("{} by VasoLab {}{}{}", now_utc(), source_version, *source_revision == '\0' ? "" : " ",
                             std::string_view(source_revision).substr(0, 12));
  report::StudyReport page;
  try {
    page = report::make_study_report(*store, study, request);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  // A name may hold slashes; the folder's may not.
  const fs::path folder = out_folder.empty() ? report::slug(study.name) + "-report" : out_folder;
  fs::create_directories(folder);
  for (const report::PlotFile& plot : page.plots) write_file(folder / plot.name, plot.svg);
  write_file(folder / "index.html", page.html);
  fmt::print("{}\n", shown(fs::absolute(folder / "index.html")));
  if (!options.quiet) {
    fmt::print(stderr, "{}, with {} plots in {}\n", bytes(static_cast<std::int64_t>(page.html.size())),
               page.plots.size(), shown(fs::absolute(folder)));
    if (page.pictures_left_out > 0) {
      fmt::print(stderr, "{} pictures are left out to keep the page small: --pictures MIB makes room.\n",
                 page.pictures_left_out);
    }
  }
  return exit_ok;
}

}  // namespace vaso::cli
