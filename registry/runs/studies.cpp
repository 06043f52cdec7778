// Studies in the database. What is looked up by others (which runs a study refers to) has a table of its own; factors,
// cells and seeds are only ever read together and stand as one JSON text.
#include "runs/store_impl.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::runs {
namespace {

using Json = nlohmann::json;

// Lists rather than objects where the order means something.
std::string layout_of(const StudyRecord& study) {
  Json factors = Json::array(), cells = Json::array();
  for (const StudyFactor& factor : study.factors) {
    Json levels = Json::array();
    for (const StudyLevel& level : factor.levels)
      levels.push_back({{"name", level.name}, {"settings", level.settings}});
    factors.push_back({{"name", factor.name}, {"levels", std::move(levels)}});
  }
  for (const StudyCell& cell : study.cells) {
    cells.push_back({{"name", cell.name}, {"levels", cell.levels}, {"baseline", cell.baseline}});
  }
  return Json{{"factors", std::move(factors)}, {"cells", std::move(cells)}, {"seeds", study.seeds}}.dump();
}

void read_layout(const std::string& text, StudyRecord& study) {
  const Json layout = Json::parse(text);
  for (const Json& factor : layout.at("factors")) {
    StudyFactor& read = study.factors.emplace_back();
    read.name = factor.at("name");
    for (const Json& level : factor.at("levels")) {
      read.levels.push_back({level.at("name"), level.at("settings")});
    }
  }
  for (const Json& cell : layout.at("cells")) {
    study.cells.push_back({cell.at("name"), cell.at("levels"), cell.at("baseline")});
  }
  layout.at("seeds").get_to(study.seeds);
}

}  // namespace

void insert_study(Connection& db, const StudyRecord& study) {
  db.prepare("DELETE FROM studies WHERE name = :name").bind(":name", study.name).run();  // and its runs: CASCADE
  db.prepare("INSERT INTO studies VALUES (:name, :question, :design, :file, :created, :layout, :config)")
      .bind(":name", study.name)
      .bind(":question", study.question)
      .bind(":design", study.design)
      .bind(":file", study.file)
      .bind(":created", study.created.empty() ? utc_now() : study.created)
      .bind(":layout", layout_of(study))
      .bind(":config", study.config_toml)
      .run();
  Statement insert =
      db.prepare("INSERT INTO study_runs VALUES (:study, :position, :cell, :seed, :phase, :task, :identity)");
  for (std::size_t position = 0; position < study.runs.size(); ++position) {
    const StudyRun& run = study.runs[position];
    insert.bind(":study", study.name)
        .bind(":position", static_cast<std::int64_t>(position))
        .bind(":cell", static_cast<std::int64_t>(run.cell))
        .bind(":seed", run.seed)
        .bind(":phase", run.phase)
        .bind(":task", run.task)
        .bind(":identity", run.identity)
        .run();
  }
}

std::optional<StudyRecord> read_study(Connection& db, const std::string& name) {
  Statement row =
      db.prepare("SELECT question, design, file, created, layout_json, config_toml FROM studies WHERE name = :name");
  if (!row.bind(":name", name).step()) return std::nullopt;
  StudyRecord study;
  study.name = name;
  study.question = row.text(0);
  study.design = row.text(1);
  study.file = row.text(2);
  study.created = row.text(3);
  study.config_toml = row.text(5);
  try {
    read_layout(row.text(4), study);
  } catch (const Json::exception& error) {
    throw StoreError(fmt::format("{} holds the study `{}` in a form that cannot be read ({}). Run the study again.",
                                 db.file().string(), name, error.what()));
  }
  Statement runs =
      db.prepare("SELECT cell, seed, phase, task, identity FROM study_runs WHERE study = :study ORDER BY position");
  runs.bind(":study", name);
  while (runs.step()) {
    study.runs.push_back(
        {static_cast<std::size_t>(runs.integer(0)), runs.integer(1), runs.text(2), runs.text(3), runs.text(4)});
  }
  return study;
}

std::vector<std::string> read_study_names(Connection& db) {
  std::vector<std::string> names;
  Statement row = db.prepare("SELECT name FROM studies ORDER BY name");
  while (row.step()) names.push_back(row.text(0));
  return names;
}

void Store::put_study(const StudyRecord& study) {
  impl_->refuse_if_read_only();
  Transaction transaction(impl_->db());
  insert_study(impl_->db(), study);
  transaction.commit();
}

std::optional<StudyRecord> Store::study(const std::string& name) const { return read_study(impl_->db(), name); }

std::vector<std::string> Store::studies() const { return read_study_names(impl_->db()); }

}  // namespace vaso::runs
