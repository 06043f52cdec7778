// vaso ls: the runs, newest last.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::cli {
namespace {

Paint paint_for(runs::Status status) {
  switch (status) {
    case runs::Status::finished:
      return Paint::green;
    case runs::Status::failed:
      return Paint::red;
    case runs::Status::interrupted:
      return Paint::yellow;
    case runs::Status::running:
      return Paint::cyan;
    case runs::Status::planned:
      break;
  }
  return Paint::dim;
}

// "2026-03-01T10:22:31Z" → "2026-03-01 10:22"
std::string moment(const std::string& iso) {
  std::string text = iso.substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

// Why it ended as it did, in one line: details are in `vaso show`.
std::string short_ending(const runs::Run& run) {
  if (run.status == runs::Status::failed) return run.message.substr(0, run.message.find('\n'));
  return run.status == runs::Status::interrupted ? fmt::format("vaso run {} --resume", run.id) : std::string();
}

// Colours are put in after aligning, so that widths are those of the words.
std::string coloured(std::string text, const std::vector<runs::Run>& shown_runs) {
  std::size_t at = text.find('\n') + 1;
  for (const runs::Run& run : shown_runs) {
    const std::string word = runs::to_text(run.status);
    const std::size_t begin = text.find("  " + word, at);
    if (begin == text.npos) break;
    const std::string painted = "  " + out().paint(paint_for(run.status), word);
    text.replace(begin, word.size() + 2, painted);
    at = text.find('\n', begin + painted.size()) + 1;
  }
  return text;
}

}  // namespace

int ls(const Arguments& arguments) {
  Common options;
  std::string phase, experiment, status;
  std::int64_t last = 0;
  CommandLine line("ls", "[options]", "Lists the runs, newest last. Times are UTC.");
  line.value(experiment, "experiment", "NAME", "only runs of this experiment")
      .of({Value::experiment_name})
      .value(phase, "phase", "PHASE", "only this phase: segmentor, pretrain or finetune")
      .choices({"segmentor", "pretrain", "finetune"})
      .value(status, "status", "STATUS", "only running, finished, failed or interrupted ones")
      .choices({"running", "finished", "failed", "interrupted"})
      .value(last, "last", "N", "only the newest N");
  options.take_home(line);
  options.take_format(line);
  line.example("vaso ls", "all of them")
      .example("vaso ls --status failed", "what went wrong")
      .example("vaso ls --last 5 --format json", "for a script");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const auto store = open_existing(options.home);
  if (!store && format == report::Format::text) {
    say_no_runs(options.home);
    return exit_ok;
  }
  std::vector<runs::Run> runs = store ? store->all() : std::vector<runs::Run>{};
  std::erase_if(runs, [&](const runs::Run& run) {
    return (!phase.empty() && run.phase != phase) || (!experiment.empty() && run.experiment != experiment) ||
           (!status.empty() && runs::to_text(run.status) != status);
  });
  if (last > 0 && runs.size() > static_cast<std::size_t>(last)) runs.erase(runs.begin(), runs.end() - last);

  Grid grid{{"run", "experiment", "phase", "label", "status", "started", "time", "memory", ""}, {}};
  if (format != report::Format::text) grid.heading.back() = "message";
  for (const runs::Run& run : runs) {
    grid.rows.push_back({std::to_string(run.id), run.experiment, run.phase, run.label, runs::to_text(run.status),
                         moment(run.started), run.wall_seconds > 0 ? duration(run.wall_seconds) : "",
                         run.peak_memory > 0 ? bytes(run.peak_memory) : "", short_ending(run)});
  }
  const std::string text = write(grid, format);
  fmt::print("{}", format == report::Format::text && out().colours() ? coloured(text, runs) : text);
  return exit_ok;
}

}  // namespace vaso::cli
