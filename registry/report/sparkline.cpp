#include "report/table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vaso::report {

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static constexpr const char* levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  // Means of as many equal stretches as there are columns; one value each where there are fewer values.
  const std::size_t columns = std::min(width, values.size());
  std::vector<double> means;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t first = c * values.size() / columns, last = (c + 1) * values.size() / columns;
    double sum = 0;
    for (std::size_t i = first; i < last; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(last - first));
  }
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double mean : means) {
    if (!std::isfinite(mean)) continue;
    low = std::min(low, mean);
    high = std::max(high, mean);
  }
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      line += "×";  // a stretch with a NaN or an infinity is not drawn as if it had a height
    } else if (high == low) {
      line += levels[3];
    } else {
      const double height = (mean - low) / (high - low);
      line += levels[std::min<std::size_t>(7, static_cast<std::size_t>(height * 8))];
    }
  }
  return line;
}

}  // namespace vaso::report
