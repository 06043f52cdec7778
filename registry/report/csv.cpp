// RFC 4180: lines end in CRLF, quotes are doubled inside quotes. Full precision, for other programs to compute with.
#include "report/grid.hpp"
#include "report/statistics.hpp"

namespace vaso::report {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

std::string line(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ',';
    text += quoted(fields[i]);
  }
  return text + "\r\n";
}

}  // namespace

std::string write_csv(const Table& table) {
  std::vector<std::string> header = table.key_names;
  for (const Column& column : table.columns) {
    const std::string name = column.name();
    header.insert(header.end(), {name + " mean", name + " sd", name + " n"});
  }
  std::string text = line(header);
  for (const Row& row : table.rows) {
    std::vector<std::string> fields = row.key;
    for (const Cell& cell : row.cells) {
      const Summary summary = summarise(cell.values);
      fields.insert(fields.end(), {summary.n > 0 ? exact(summary.mean) : "",
                                   summary.n > 1 ? exact(summary.deviation) : "", std::to_string(summary.n)});
    }
    text += line(fields);
  }
  return text;
}

}  // namespace vaso::report
