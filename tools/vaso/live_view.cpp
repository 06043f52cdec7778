#include "live_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace vaso::cli {
namespace {

constexpr auto repaint_after = std::chrono::milliseconds(80);
constexpr const char* margin = "  ";
constexpr std::size_t most_rows = 12;  // of runs: more would push everything else out of a small window
constexpr std::size_t widest_name = 32;

}  // namespace

std::string to_text(const StudyCounts& counts) {
  std::string text = fmt::format("{} of {} runs done", counts.done, counts.total());
  if (counts.running > 0) text += fmt::format(", {} running", counts.running);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.left > 0) text += fmt::format(", {} left", counts.left);
  if (counts.seconds_left) {
    text += fmt::format("; {} {} to go", counts.at_least ? "at least" : "about", duration(*counts.seconds_left));
  }
  return text;
}

LiveView::LiveView(const Terminal& terminal, std::FILE* stream, bool quiet, bool several)
    : terminal_(terminal), stream_(stream), quiet_(quiet), several_(several) {}

LiveView::~LiveView() { erase(); }

void LiveView::open(std::size_t run, const std::string& tag, const std::string& name) {
  runs_[run] = {tag, name, "", "", {}};
}

void LiveView::close(std::size_t run) {
  erase();
  runs_.erase(run);
}

void LiveView::stage(std::size_t run, const std::string& name) {
  runs_.at(run).stage = name;
  runs_.at(run).text.clear();
  runs_.at(run).meter.begin();
  note(run, name);
}

void LiveView::note(std::size_t run, const std::string& text) {
  line(indent(text, several_ ? runs_.at(run).tag + margin : margin));
}

void LiveView::update(std::size_t run, std::int64_t done, std::int64_t total, const std::string& text) {
  Running& running = runs_.at(run);
  running.meter.update(done, total);
  running.text = text;
  if (quiet_ || total <= 0) return;
  if (terminal_.interactive()) {
    refresh();
  } else if (running.meter.reached_tenth()) {
    note(run, plain_line(running.meter, text));
  }
}

void LiveView::line(const std::string& text) {
  if (quiet_) return;
  erase();
  fmt::print(stream_, "{}\n", text);
  std::fflush(stream_);
}

void LiveView::count(const StudyCounts& counts) { counts_ = counts; }

void LiveView::refresh() {
  if (quiet_ || !terminal_.interactive()) return;
  if (painted_rows_ == 0 || std::chrono::steady_clock::now() - painted_ >= repaint_after) paint();
}

std::string LiveView::row(const Running& run, std::size_t name_width) const {
  const std::size_t width = terminal_.width() - 1 - columns(margin);
  std::string name = several_ ? shorten(run.name, name_width) : std::string();
  name.append(several_ ? name_width - columns(name) : 0, ' ');
  if (run.meter.total() > 0) return bar_line(terminal_, run.meter, name, run.text, width);
  return several_ ? shorten(name + margin + run.stage, width) : std::string();
}

void LiveView::paint() {
  std::size_t name_width = 0;
  for (const auto& [id, run] : runs_) name_width = std::max(name_width, std::min(columns(run.name), widest_name));
  std::vector<std::string> rows;
  if (counts_.total() > 1) {
    rows.push_back(terminal_.paint(Paint::bold, shorten(to_text(counts_), terminal_.width() - 1)));
  }
  std::size_t shown = 0;
  for (const auto& [id, run] : runs_) {
    if (shown++ == most_rows) break;
    if (std::string text = row(run, name_width); !text.empty()) rows.push_back(margin + text);
  }
  if (runs_.size() > most_rows) rows.push_back(fmt::format("{}and {} more", margin, runs_.size() - most_rows));
  // In one piece: a window that shows the block half erased flickers.
  fmt::print(stream_, "{}{}", erasure(), fmt::join(rows, "\n"));
  std::fflush(stream_);
  painted_rows_ = rows.size();
  painted_ = std::chrono::steady_clock::now();
}

void LiveView::erase() {
  const std::string codes = erasure();
  if (!codes.empty()) fmt::print(stream_, "{}", codes);
  std::fflush(stream_);
}

std::string LiveView::erasure() {
  if (painted_rows_ == 0) return {};
  const std::string up = painted_rows_ > 1 ? fmt::format("\033[{}A", painted_rows_ - 1) : std::string();
  painted_rows_ = 0;
  return "\r" + up + "\033[J";
}

}  // namespace vaso::cli
