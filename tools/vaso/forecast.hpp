// How long what is left of a study will take, from how long its like has taken.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace vaso::cli {

class Forecast {
 public:
  // A run of this phase and task took so many seconds for work of this size (steps; 1 where all are of one size).
  void learn(const std::string& phase, const std::string& task, double size, double seconds);
  // Seconds; nothing where no run of the phase has been seen. Another task of the phase stands in for one unseen.
  std::optional<double> seconds(const std::string& phase, const std::string& task, double size) const;

 private:
  struct Seen {
    double size = 0, seconds = 0;
  };
  std::map<std::pair<std::string, std::string>, Seen> tasks_;
  std::map<std::string, Seen> phases_;
};

}  // namespace vaso::cli
