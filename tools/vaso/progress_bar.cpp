#include "progress_bar.hpp"

#include <fmt/format.h>

namespace vaso::cli {
namespace {

constexpr auto repaint_after = std::chrono::milliseconds(80);
constexpr const char* margin = "  ";

}  // namespace

ProgressBar::ProgressBar(const Terminal& terminal, std::FILE* stream, bool quiet)
    : terminal_(terminal), stream_(stream), quiet_(quiet) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::stage(const std::string& name) {
  meter_.begin();
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

void ProgressBar::draw(const std::string& text) {
  const std::size_t width = terminal_.width() - 1 - columns(margin);
  fmt::print(stream_, "\r{}{}\033[K", margin, bar_line(terminal_, meter_, "", text, width));
  std::fflush(stream_);
  drawn_ = true;
  painted_ = std::chrono::steady_clock::now();
}

void ProgressBar::update(std::int64_t done, std::int64_t total, const std::string& text) {
  if (quiet_ || total <= 0) return;
  meter_.update(done, total);
  if (!terminal_.interactive()) {
    if (meter_.reached_tenth()) line(plain_line(meter_, text));
    return;
  }
  if (!drawn_ || done >= total || std::chrono::steady_clock::now() - painted_ >= repaint_after) draw(text);
}

}  // namespace vaso::cli
