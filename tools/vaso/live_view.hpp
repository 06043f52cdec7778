// What a person sees while runs go on: a head line that counts, and below it a line with a bar for every run; in a log,
// plain lines. With one run at a time it looks like ProgressBar.
#pragma once

#include "progress_meter.hpp"

#include <cstdio>
#include <map>
#include <optional>
#include <string>

namespace vaso::cli {

struct StudyCounts {
  std::size_t done = 0, running = 0, failed = 0, left = 0;
  std::optional<double> seconds_left;  // of all of them
  bool at_least = false;               // some take nobody knows how long

  std::size_t total() const { return done + running + failed + left; }
};

// "5 of 16 runs done, 2 running, 1 failed, 8 left; about 1:02:00 to go"
std::string to_text(const StudyCounts& counts);

class LiveView {
 public:
  // `quiet`: shows nothing at all. `several`: more than one run at a time, so that every line says whose it is.
  LiveView(const Terminal& terminal, std::FILE* stream, bool quiet, bool several);
  ~LiveView();
  LiveView(const LiveView&) = delete;

  // A run that goes on, under any number that is its own. `tag`, "[3/16]", stands before its lines where there are
  // several; `name` beside its bar.
  void open(std::size_t run, const std::string& tag, const std::string& name);
  void stage(std::size_t run, const std::string& name);
  void update(std::size_t run, std::int64_t done, std::int64_t total, const std::string& text);
  void note(std::size_t run, const std::string& text);
  void close(std::size_t run);
  // Of its present stage.
  const ProgressMeter& meter(std::size_t run) const { return runs_.at(run).meter; }

  void line(const std::string& text);  // stays, above the bars; not indented
  void count(const StudyCounts& counts);
  void refresh();  // paints anew where that is due: times run

 private:
  struct Running {
    std::string tag, name, stage, text;
    ProgressMeter meter;
  };
  std::string row(const Running& run, std::size_t name_width) const;
  void paint();
  void erase();
  std::string erasure();  // what takes away the rows that are painted

  const Terminal& terminal_;
  std::FILE* stream_;
  bool quiet_, several_;
  std::map<std::size_t, Running> runs_;
  StudyCounts counts_;
  std::size_t painted_rows_ = 0;
  std::chrono::steady_clock::time_point painted_;
};

}  // namespace vaso::cli
