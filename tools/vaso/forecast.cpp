#include "forecast.hpp"

namespace vaso::cli {

void Forecast::learn(const std::string& phase, const std::string& task, double size, double seconds) {
  for (Seen* seen : {&tasks_[{phase, task}], &phases_[phase]}) {
    seen->size += size;
    seen->seconds += seconds;
  }
}

std::optional<double> Forecast::seconds(const std::string& phase, const std::string& task, double size) const {
  const auto same = tasks_.find({phase, task});
  const auto like = phases_.find(phase);
  if (like == phases_.end()) return std::nullopt;
  const Seen& seen = same != tasks_.end() ? same->second : like->second;
  if (seen.size <= 0) return std::nullopt;
  return seen.seconds / seen.size * size;
}

}  // namespace vaso::cli
