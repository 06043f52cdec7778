// Scores with the convention that each was computed by. "Your Dice is not my Dice": there are at least six in use, and
// on one and the same prediction they differ by more than methods do. So no number leaves here without its sentence.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vaso::metrics {

struct Metric {
  std::string name;  // "dice", "cl_dice", "ap50"
  double value = 0;  // NaN where nothing defines it
  std::string convention;
  std::int64_t undefined = 0;  // image-and-class cells, or classes, that the mean leaves out
};

// One row a class, where there are several.
struct ClassRow {
  std::string label;
  std::int64_t support = 0;    // how many of ClassTable::support the truth has
  std::vector<double> values;  // NaN where undefined
};
struct ClassTable {
  std::string support;  // "images" or "boxes"
  std::vector<std::string> columns;
  std::vector<ClassRow> rows;
};

struct Report {
  std::vector<Metric> metrics;
  ClassTable classes;
  // Metric, image: value. For paired tests. Cells where it is undefined are not there.
  std::map<std::string, std::map<std::string, double>> per_image;

  const Metric& metric(const std::string& name) const;  // throws std::out_of_range

  std::string to_text() const;        // aligned columns
  std::string to_markdown() const;    // the same as tables
  std::string to_csv() const;         // RFC 4180, full precision; a row a metric, and a row a class and column
  std::string to_json() const;        // everything; NaN is null
  std::string per_image_csv() const;  // a row an image, a column a metric; an undefined cell is empty
};

}  // namespace vaso::metrics
