#include "metrics/report.hpp"

#include "report/csv_field.hpp"
#include "report/numbers.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace vaso::metrics {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string rounded(double value) { return std::isnan(value) ? "–" : fmt::format("{:.4f}", value); }

Rows metric_rows(const Report& report) {
  Rows rows = {{"metric", "value", "undefined", "convention"}};
  for (const Metric& metric : report.metrics) {
    rows.push_back({metric.name, rounded(metric.value), std::to_string(metric.undefined), metric.convention});
  }
  return rows;
}

Rows class_rows(const ClassTable& classes) {
  Rows rows = {{"class", classes.support}};
  rows[0].insert(rows[0].end(), classes.columns.begin(), classes.columns.end());
  for (const auto& [label, support, values] : classes.rows) {
    rows.push_back({label, std::to_string(support)});
    for (const double value : values) rows.back().push_back(rounded(value));
  }
  return rows;
}

std::string markdown(const Rows& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::string& cell : rows[i]) {
      text += "| ";
      for (const char c : cell) text += c == '|' ? std::string("\\|") : std::string(1, c);
      text += ' ';
    }
    text += "|\n";
    if (i > 0) continue;
    for (std::size_t c = 0; c < rows[i].size(); ++c) text += "| --- ";
    text += "|\n";
  }
  return text;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ',';
    text += report::csv_field(fields[i]);
  }
  return text + "\r\n";
}

std::string in_full(double value) { return std::isnan(value) ? "" : report::exact(value); }

nlohmann::json json_of(double value) { return std::isnan(value) ? nlohmann::json() : nlohmann::json(value); }

}  // namespace

const Metric& Report::metric(const std::string& name) const {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const Metric& each) { return each.name == name; });
  if (found == metrics.end()) throw std::out_of_range("this report has no metric `" + name + "`");
  return *found;
}

std::string Report::to_text() const {
  std::string text = report::align(metric_rows(*this), true);
  if (!classes.rows.empty()) text.append("\n").append(report::align(class_rows(classes), true));
  return text;
}

std::string Report::to_markdown() const {
  std::string text = markdown(metric_rows(*this));
  if (!classes.rows.empty()) text.append("\n").append(markdown(class_rows(classes)));
  return text;
}

std::string Report::to_csv() const {
  std::string text = csv_line({"class", "metric", "value", "undefined", "convention"});
  for (const Metric& metric : metrics) {
    text += csv_line({"all", metric.name, in_full(metric.value), std::to_string(metric.undefined), metric.convention});
  }
  for (const auto& [label, support, values] : classes.rows) {
    text += csv_line({label, classes.support, std::to_string(support), "", ""});
    for (std::size_t i = 0; i < values.size(); ++i) {
      text += csv_line({label, classes.columns[i], in_full(values[i]), "", ""});
    }
  }
  return text;
}

std::string Report::to_json() const {
  nlohmann::ordered_json root;
  root["metrics"] = nlohmann::ordered_json::array();
  for (const Metric& metric : metrics) {
    root["metrics"].push_back({{"name", metric.name},
                               {"value", json_of(metric.value)},
                               {"convention", metric.convention},
                               {"undefined", metric.undefined}});
  }
  root["classes"] = nlohmann::ordered_json::object();
  for (const auto& [label, support, values] : classes.rows) {
    root["classes"][label][classes.support] = support;
    for (std::size_t i = 0; i < values.size(); ++i) root["classes"][label][classes.columns[i]] = json_of(values[i]);
  }
  root["per_image"] = per_image;
  return root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string Report::per_image_csv() const {
  std::vector<std::string> header = {"image"};
  std::set<std::string> images;
  for (const auto& [name, values] : per_image) {
    header.push_back(name);
    for (const auto& [image, value] : values) images.insert(image);
  }
  std::string text = csv_line(header);
  for (const std::string& image : images) {
    std::vector<std::string> fields = {image};
    for (const auto& [name, values] : per_image) {
      const auto found = values.find(image);
      fields.push_back(found == values.end() ? "" : in_full(found->second));
    }
    text += csv_line(fields);
  }
  return text;
}

}  // namespace vaso::metrics
