#include "report/conventions.hpp"

#include <fmt/format.h>

#include <map>

namespace vaso::report {

std::vector<std::string> convention_notes(const runs::Store& store, const Table& table) {
  const auto by_run = store.all_conventions();
  std::map<std::string, std::vector<std::string>> tasks_by_note;  // "test.dice: mean over images": vessels, stenosis
  std::vector<std::string> order;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::string& metric = table.columns[c].metric;
    const std::string series = metric.substr(metric.find(':') + 1);  // all of it where there is no colon
    for (const Row& row : table.rows) {
      for (const std::int64_t run : row.cells[c].runs) {
        const auto of_run = by_run.find(run);
        if (of_run == by_run.end()) continue;
        const auto text = of_run->second.find(series);
        if (text == of_run->second.end()) continue;
        const std::string note = fmt::format("{}: {}", series, text->second);
        const auto [place, fresh] = tasks_by_note.try_emplace(note);
        if (fresh) order.push_back(note);
        std::vector<std::string>& tasks = place->second;
        if (tasks.empty() || tasks.back() != table.columns[c].task) tasks.push_back(table.columns[c].task);
      }
    }
  }
  std::vector<std::string> notes;
  for (const std::string& note : order) {
    const std::vector<std::string>& tasks = tasks_by_note.at(note);
    notes.push_back(tasks.front().empty() ? note : fmt::format("{} {}", fmt::join(tasks, ", "), note));
  }
  return notes;
}

}  // namespace vaso::report
