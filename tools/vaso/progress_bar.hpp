// Shows how far a stage has come: a bar on a terminal, a plain line every ten percent elsewhere.
#pragma once

#include "progress_meter.hpp"
#include "terminal.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace vaso::cli {

class ProgressBar {
 public:
  // `quiet`: shows nothing at all, lines included.
  ProgressBar(const Terminal& terminal, std::FILE* stream, bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;

  void stage(const std::string& name);  // a line that stays; counting begins anew
  void update(std::int64_t done, std::int64_t total, const std::string& text);
  void line(const std::string& text);  // a line that stays, above the bar
  void clear();                        // takes the bar away

 private:
  void draw(const std::string& text);

  const Terminal& terminal_;
  std::FILE* stream_;
  bool quiet_;
  bool drawn_ = false;
  ProgressMeter meter_;
  std::chrono::steady_clock::time_point painted_;
};

}  // namespace vaso::cli
