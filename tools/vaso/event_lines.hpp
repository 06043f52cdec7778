// `--json`: what happens, for other programs: one JSON object a line on standard output, each with "event" and, where
// it is about a run, its number as "run". README lists them.
#pragma once

#include "experiment/events.hpp"
#include "runs/store.hpp"
#include "study_plan.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace vaso::cli {

class EventLines {
 public:
  // Without a stream it tells nobody. `progress`: whether also how far runs have come.
  explicit EventLines(std::FILE* stream = nullptr, bool progress = true) : stream_(stream), progress_(progress) {}

  void plan(const StudyPlan& plan) const;
  void reuse(const runs::Run& run) const;
  void wait(const runs::Run& run) const;  // that another process works on
  void start(const runs::Run& run, bool resumed) const;
  // What its worker tells: stage, progress, note or fault. seconds_left: of the stage.
  void heard(std::int64_t run, const experiment::Event& event, std::optional<double> seconds_left) const;
  // It ended, well or not: with the last value of each of its series, and its files.
  void end(const runs::Store& store, const runs::Run& run) const;
  void failure(const PlannedRun& planned, const std::string& why) const;  // also where it was never started
  void result(const std::string& table_json) const;
  // The last line. `next` is the command that goes on, "" where there is nothing left to do.
  void done(int code, const std::vector<std::int64_t>& finished, const std::string& next) const;
  void error(const std::string& text) const;

 private:
  void tell(const nlohmann::ordered_json& line) const;

  std::FILE* stream_;
  bool progress_;
};

}  // namespace vaso::cli
