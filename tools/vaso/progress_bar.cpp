#include "progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::cli {
namespace {

constexpr auto repaint_after = std::chrono::milliseconds(80);
constexpr const char* margin = "  ";

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string repeat(const char* glyph, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += glyph;
  return text;
}

}  // namespace

ProgressBar::ProgressBar(const Terminal& terminal, std::FILE* stream, bool quiet)
    : terminal_(terminal), stream_(stream), quiet_(quiet), began_(Clock::now()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::stage(const std::string& name) {
  first_ = -1;
  tenth_ = 0;
  done_ = total_ = 0;
  line(name);
}

void ProgressBar::line(const std::string& text) {
  if (quiet_) return;
  clear();
  fmt::print(stream_, "{}\n", indent(text, margin));
  std::fflush(stream_);
}

void ProgressBar::clear() {
  if (!drawn_) return;
  fmt::print(stream_, "\r\033[K");
  std::fflush(stream_);
  drawn_ = false;
}

// "31.2/s  0:22 left", as far as it is known.
std::string ProgressBar::speed() const {
  const double elapsed = seconds_since(began_);
  const std::int64_t since = done_ - first_;
  if (since <= 0 || elapsed < 0.5) return {};
  const double rate = static_cast<double>(since) / elapsed;
  const std::string pace = rate >= 1 ? fmt::format("{:.3g}/s", rate) : duration(1 / rate) + " each";
  if (done_ >= total_) return pace;
  return fmt::format("{}  {} left", pace, duration(static_cast<double>(total_ - done_) / rate));
}

std::string ProgressBar::render(const std::string& text) const {
  const double share = std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
  const std::string counts = fmt::format("{:3.0f} %  {}/{}", std::floor(share * 100), done_, total_);
  std::string tail = counts;
  for (const std::string& part : {speed(), text}) {
    if (!part.empty()) tail += "  " + part;
  }
  // The bar gets what the numbers leave; where that is too little, the numbers alone are shown.
  const std::size_t width = terminal_.width() - 1;
  const std::size_t used = columns(margin) + columns(tail) + 2;
  const std::size_t cells = width > used ? std::min<std::size_t>(width - used, 30) : 0;
  if (cells < 6) return shorten(margin + tail, width);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  const bool unicode = terminal_.unicode();
  return fmt::format("{}{}{}  {}", margin, terminal_.paint(Paint::cyan, repeat(unicode ? "━" : "#", full)),
                     terminal_.paint(Paint::dim, repeat(unicode ? "─" : "-", cells - full)), tail);
}

void ProgressBar::draw(const std::string& text) {
  fmt::print(stream_, "\r{}\033[K", render(text));
  std::fflush(stream_);
  drawn_ = true;
  painted_ = Clock::now();
}

void ProgressBar::update(std::int64_t done, std::int64_t total, const std::string& text) {
  if (quiet_ || total <= 0) return;
  if (first_ < 0 || total != total_) {
    first_ = done;
    began_ = Clock::now();
    tenth_ = done * 10 / total;
  }
  done_ = done;
  total_ = total;
  if (terminal_.interactive()) {
    if (!drawn_ || done >= total || Clock::now() - painted_ >= repaint_after) draw(text);
    return;
  }
  if (const std::int64_t tenth = done * 10 / total; tenth > tenth_) {
    tenth_ = tenth;
    std::string row = fmt::format("{:3} %  {}/{}", done * 100 / total, done, total);
    for (const std::string& part : {speed(), text}) {
      if (!part.empty()) row += "  " + part;
    }
    line(row);
  }
}

}  // namespace vaso::cli
