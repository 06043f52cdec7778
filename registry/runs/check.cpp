#include "runs/check.hpp"

#include "runs/leftovers.hpp"
#include "runs/open.hpp"
#include "runs/run_folders.hpp"
#include "runs/spool.hpp"
#include "runs/store_impl.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace vaso::runs {
namespace {

namespace fs = std::filesystem;

class Check {
 public:
  explicit Check(const CheckRequest& request) : request_(request) {}

  CheckResult run() {
    check_tables();
    const Store store(request_.database, Store::Mode::read_only);
    check_studies(store);
    check_runs(store);
    const fs::path home = fs::absolute(request_.database).parent_path().lexically_normal();
    const auto orphans = orphan_folders(home, store);
    if (!orphans.empty()) {
      remark(fmt::format("{} of no run, such as {}", count(orphans.size(), "folder"), orphans.front().string()),
             "vaso db gc");
    }
    return std::move(result_);
  }

 private:
  void fault(std::string what, std::string cure = {}) {
    result_.findings.push_back({Finding::Gravity::fault, std::move(what), std::move(cure)});
  }
  void remark(std::string what, std::string cure = {}) {
    result_.findings.push_back({Finding::Gravity::remark, std::move(what), std::move(cure)});
  }

  static std::string count(std::size_t number, const char* noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
  }

  void check_tables() {
    Opened opened = open_database(request_.database, Store::Mode::read_only);
    Connection& db = opened.connection;
    Statement integrity = db.prepare("PRAGMA integrity_check");
    while (integrity.step()) {
      if (integrity.text(0) != "ok") fault("SQLite: " + integrity.text(0), "restore a copy made with `vaso db backup`");
    }
    // Rows of tables without row numbers, as most of ours are, cannot be told apart here; their number can be told.
    std::map<std::pair<std::string, std::string>, std::size_t> dangling;
    Statement keys = db.prepare("PRAGMA foreign_key_check");
    while (keys.step()) ++dangling[{keys.text(0), keys.text(2)}];
    for (const auto& [tables, rows] : dangling) {
      fault(fmt::format("{} of `{}` belong to {} that are not there", count(rows, "row"), tables.first, tables.second),
            "another program has changed the database; restore a copy");
    }
    result_.points = db.integer("SELECT count(*) FROM metrics");
  }

  void check_studies(const Store& store) {
    for (const std::string& name : store.studies()) {
      try {
        store.study(name);
      } catch (const StoreError& error) {
        fault(error.what());
      }
    }
  }

  void check_runs(const Store& store) {
    const std::vector<Run> runs = store.all();
    result_.runs = static_cast<std::int64_t>(runs.size());
    std::int64_t done = 0;
    for (const Run& run : runs) {
      if (run.status == Status::running && request_.is_dead(run)) {
        remark(fmt::format("run {} says that it is running, but its process is gone", run.id), "vaso ls");
      }
      check_files(store, run);
      check_spool(run);
      if (request_.progress) request_.progress(++done, result_.runs);
    }
  }

  void check_files(const Store& store, const Run& run) {
    const std::vector<Artefact> artefacts = store.artefacts(run.id);
    if (artefacts.empty() || run.status == Status::running) return;
    result_.files += static_cast<std::int64_t>(artefacts.size());
    std::error_code absent;
    if (!fs::is_directory(run.folder, absent)) {
      const fs::path beside = fs::absolute(request_.database).parent_path() / fs::path(run.folder).filename();
      if (fs::is_directory(beside, absent)) {
        fault(fmt::format("run {} was made in {}, and is now in {}: this home was moved", run.id, run.folder,
                          beside.string()),
              "move it back, or take it into another home: vaso db merge THIS_HOME --home NEW_HOME");
      } else if (request_.is_local(run)) {
        fault(fmt::format("the folder of run {} is gone: {}", run.id, run.folder),
              "its numbers are here, its weights are not; vaso run … makes them anew");
      } else {
        remark(fmt::format("the files of run {} are not on this machine but at {}", run.id, run.folder),
               "vaso db merge … --copy");
      }
      return;
    }
    const std::string wrong = first_wrong_artefact(run.folder, artefacts, request_.deep);
    if (wrong.empty()) return;
    fault(fmt::format("{} of run {} is gone, or is not what the run wrote", (fs::path(run.folder) / wrong).string(),
                      run.id),
          "restore it, or make it anew with vaso run … --again");
  }

  void check_spool(const Run& run) {
    if (run.folder.empty()) return;
    const Replayed spool = inspect_spool(run.folder);
    if (spool.damaged > 0) {
      fault(fmt::format("{} of {} are damaged", count(static_cast<std::size_t>(spool.damaged), "line"),
                        (fs::path(run.folder) / spool_name).string()),
            "what they measured is lost; vaso run … --again");
    }
  }

  const CheckRequest& request_;
  CheckResult result_;
};

}  // namespace

bool CheckResult::whole() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.gravity == Finding::Gravity::fault; });
}

CheckResult check(const CheckRequest& request) { return Check(request).run(); }

void back_up(const fs::path& database, const fs::path& target) {
  open_database(database, Store::Mode::read_only).connection.back_up(target);
}

}  // namespace vaso::runs
