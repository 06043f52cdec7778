// [[study.cells]]: cells that are listed one by one, such as the methods of a table.
#include "config/binding.hpp"
#include "experiment/study_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vaso::experiment {
namespace {

using config::Diagnostic;
using config::Node;

constexpr const char* example = "[[study.cells]]\n  name = \"MAE\"\n  set = { \"masking.strategy\" = \"random\" }";

struct CellKeys {
  std::string name;
  bool baseline = false;
  void describe(Schema& s) {
    s.field(name, "name", "what the cell is called: the row of a table");
    s.field(baseline, "baseline", "the other cells are compared with this one");
  }
};

StudyCell read_cell(const Node& node, std::vector<Diagnostic>& faults) {
  CellKeys keys;
  Schema schema;
  keys.describe(schema);
  std::set<std::string> used;
  config::bind(node, schema, "study.cells", used, faults);
  config::refuse_unknown(node, "[[study.cells]]", used, {"set"}, faults);
  StudyCell cell{keys.name, {}, {}, keys.baseline};
  const Node* set = node.is_table() ? node.find("set") : nullptr;
  if (set != nullptr && set->is_table()) {
    cell.settings = read_settings(*set, faults);
  } else if (set != nullptr) {
    faults.push_back({fmt::format("`set` must be a table, not {}", set->type_name()), set->origin,
                      "it holds the values that make the cell", R"(for example `set = { "masking.ratio" = 0.75 }`)"});
  }
  return cell;
}

// Where the name of a cell stands, or the cell.
const config::Origin& place_of(const Node& node) {
  const Node* name = node.find("name");
  return name != nullptr ? name->origin : node.origin;
}

}  // namespace

std::vector<StudyCell> read_cells(const Node& study, std::vector<Diagnostic>& faults) {
  for (const char* key : {"factors", "baseline"}) {
    if (const Node* node = study.find(key)) {
      faults.push_back({fmt::format("`study.{}` has no place in design = \"list\"", key), node->origin,
                        "there every cell says itself what it sets, and whether it is the baseline",
                        fmt::format("take it out, or choose another design")});
    }
  }
  const Node* list = study.find("cells");
  if (list == nullptr || !list->is_array() || list->array().empty()) {
    faults.push_back({"design = \"list\" without cells", list == nullptr ? study.find("design")->origin : list->origin,
                      "nothing would be left to run", fmt::format("add some, each as\n  {}", example)});
    return {};
  }
  std::vector<StudyCell> cells;
  std::map<std::string, config::Origin> names, contents;
  const config::Origin* baseline = nullptr;
  for (const Node& node : list->array()) {
    const std::size_t before = faults.size();
    StudyCell cell = read_cell(node, faults);
    if (faults.size() != before) continue;
    const config::Origin& place = place_of(node);
    if (cell.name.empty()) {
      faults.push_back({"a cell has no name", place, "rows of a table are told apart by their names",
                        fmt::format("for example\n  {}", example)});
    } else if (const auto [first, is_new] = names.emplace(cell.name, place); !is_new) {
      faults.push_back(
          {fmt::format("two cells are called \"{}\"", cell.name), place,
           fmt::format("the first stands in {}; rows of a table are told apart by their names", first->second.place()),
           "give one another name"});
    } else if (const auto [equal, differs] = contents.emplace(content(cell.settings), place); !differs) {
      faults.push_back({fmt::format("the cell \"{}\" sets what another sets", cell.name), place,
                        fmt::format("the other stands in {}; equal runs are run once", equal->second.place()),
                        "take one out, or set something else"});
    }
    if (cell.baseline && baseline != nullptr) {
      faults.push_back({"the study has two baselines", node.find("baseline")->origin,
                        fmt::format("the first stands in {}", baseline->place()), "leave one"});
    } else if (cell.baseline) {
      baseline = &node.find("baseline")->origin;
    }
    cells.push_back(std::move(cell));
  }
  if (baseline == nullptr && !cells.empty()) cells.front().baseline = true;
  return cells;
}

}  // namespace vaso::experiment
