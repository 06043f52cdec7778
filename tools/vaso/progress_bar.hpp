// Shows how far a stage has come: a bar on a terminal, a plain line every ten percent elsewhere.
#pragma once

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
  using Clock = std::chrono::steady_clock;
  std::string render(const std::string& text) const;
  std::string speed() const;
  void draw(const std::string& text);

  const Terminal& terminal_;
  std::FILE* stream_;
  bool quiet_;
  bool drawn_ = false;
  std::int64_t done_ = 0, total_ = 0;
  std::int64_t first_ = -1;  // where counting began: a resumed stage does not begin at 0
  std::int64_t tenth_ = 0;   // the last tenth that a plain line was printed for
  Clock::time_point began_, painted_;
};

}  // namespace vaso::cli
