#include "progress_meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::cli {
namespace {

std::string repeat(const char* glyph, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += glyph;
  return text;
}

std::string numbers(const ProgressMeter& meter, const std::string& text) {
  std::string row = fmt::format("{:3} %  {}/{}", meter.done() * 100 / meter.total(), meter.done(), meter.total());
  for (const std::string& part : {meter.speed(), text}) {
    if (!part.empty()) row += "  " + part;
  }
  return row;
}

}  // namespace

void ProgressMeter::begin() {
  first_ = -1;
  tenth_ = 0;
  done_ = total_ = 0;
}

void ProgressMeter::update(std::int64_t done, std::int64_t total) {
  if (total <= 0) return;
  if (first_ < 0 || total != total_) {
    first_ = done;
    began_ = Clock::now();
    tenth_ = done * 10 / total;
  }
  done_ = done;
  total_ = total;
}

std::optional<double> ProgressMeter::rate() const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - began_).count();
  const std::int64_t since = done_ - first_;
  if (first_ < 0 || since <= 0 || elapsed < 0.5) return std::nullopt;
  return static_cast<double>(since) / elapsed;
}

std::optional<double> ProgressMeter::seconds_left() const {
  const std::optional<double> pace = rate();
  if (!pace || done_ >= total_) return std::nullopt;
  return static_cast<double>(total_ - done_) / *pace;
}

std::string ProgressMeter::speed() const {
  const std::optional<double> pace = rate();
  if (!pace) return {};
  const std::string text = *pace >= 1 ? fmt::format("{:.3g}/s", *pace) : duration(1 / *pace) + " each";
  const std::optional<double> left = seconds_left();
  return left ? fmt::format("{}  {} left", text, duration(*left)) : text;
}

bool ProgressMeter::reached_tenth() {
  const std::int64_t tenth = total_ > 0 ? done_ * 10 / total_ : 0;
  if (tenth <= tenth_) return false;
  tenth_ = tenth;
  return true;
}

std::string bar_line(const Terminal& terminal, const ProgressMeter& meter, const std::string& name,
                     const std::string& text, std::size_t width) {
  const std::string head = name.empty() ? "" : name + "  ";
  const std::string tail = numbers(meter, text);
  // The bar gets what the numbers leave; where that is too little, the numbers alone are shown.
  const std::size_t used = columns(head) + columns(tail) + 2;
  const std::size_t cells = width > used ? std::min<std::size_t>(width - used, 30) : 0;
  if (cells < 6) return shorten(head + tail, width);
  const double share = std::clamp(static_cast<double>(meter.done()) / static_cast<double>(meter.total()), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  const bool unicode = terminal.unicode();
  return fmt::format("{}{}{}  {}", head, terminal.paint(Paint::cyan, repeat(unicode ? "━" : "#", full)),
                     terminal.paint(Paint::dim, repeat(unicode ? "─" : "-", cells - full)), tail);
}

std::string plain_line(const ProgressMeter& meter, const std::string& text) { return numbers(meter, text); }

}  // namespace vaso::cli
