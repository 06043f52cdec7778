#include "report/metric_choice.hpp"

#include "config/diagnostics.hpp"
#include "report/known_series.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace vaso::report {

MetricChoice parse_metric(const std::string& text) {
  MetricChoice metric;
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) metric.place = text.substr(0, slash);
  metric.text = slash == std::string::npos ? text : text.substr(slash + 1);
  metric.series = metric.text;
  const std::size_t colon = metric.text.find(':');
  if (colon == std::string::npos) return metric;
  const std::string pick = metric.text.substr(0, colon), series = metric.text.substr(colon + 1);
  if (pick == "best") {
    metric.pick = better_direction(series) == Better::lower ? runs::Pick::smallest : runs::Pick::largest;
  } else if (pick == "first") {
    metric.pick = runs::Pick::first;
  } else if (pick == "mean") {
    metric.pick = runs::Pick::mean;
  } else {
    return metric;  // the colon is part of the name
  }
  metric.series = series;
  return metric;
}

std::map<std::int64_t, double> read(const runs::Store& store, const MetricChoice& metric) {
  return store.values(metric.series, metric.pick);
}

std::string column_title(const MetricChoice& metric, const std::string& task) {
  std::string title = task.empty() ? "" : task + " ";
  if (metric.text != metric.series) title += metric.text.substr(0, metric.text.find(':')) + " ";
  return title + title_of(metric.series);
}

void refuse_unknown(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  const std::string hint = config::suggestion(name, known);
  throw std::invalid_argument(fmt::format("{} `{}`{}{}", what, name, hint.empty() ? "" : "; ", hint));
}

}  // namespace vaso::report
