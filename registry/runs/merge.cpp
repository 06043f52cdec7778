#include "runs/merge.hpp"

#include "runs/merge_studies.hpp"
#include "runs/migrations.hpp"
#include "runs/plugin_checks.hpp"
#include "runs/run_folders.hpp"
#include "runs/spool.hpp"
#include "runs/store_impl.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <thread>
#include <tuple>

namespace vaso::runs {
namespace {

namespace fs = std::filesystem;

// Everything that a run owns beside its row; each begins with the run's number.
constexpr std::array<const char*, 6> tables_of_a_run = {"settings",  "plugins",   "metrics",
                                                        "per_image", "artefacts", "conventions"};

// A row as far as it decides what is the same run and which of two has gone further.
struct Outline {
  std::int64_t id = 0, parent = 0;
  std::string folder, status;
  std::int64_t resumed = 0;
  std::string finished;
};

using Key = std::tuple<std::string, std::string, std::string>;  // identity, created, host
using Outlines = std::map<Key, std::vector<Outline>>;           // by number
using Order = std::vector<std::pair<const Key*, std::size_t>>;  // a run's key, and which of those with that key it is

// SQLite's busy handler looks for a free lock at most 50 ms apart in its first 200 ms, which is more than a slice
// takes.
constexpr auto pause = std::chrono::milliseconds(50);

Outlines outlines_of(Connection& db) {
  Outlines outlines;
  Statement row = db.prepare(
      "SELECT identity, created, host, id, coalesce(parent, 0), folder, status, resumed, finished FROM runs ORDER BY "
      "id");
  while (row.step()) {
    outlines[{row.text(0), row.text(1), row.text(2)}].push_back(
        {row.integer(3), row.integer(4), row.text(5), row.text(6), row.integer(7), row.text(8)});
  }
  return outlines;
}

std::int64_t measured(Connection& db, std::int64_t run) {
  Statement row = db.prepare(
      "SELECT (SELECT count(*) FROM metrics WHERE run = :run) + (SELECT count(*) FROM per_image WHERE run = :run)");
  row.bind(":run", run).step();
  return row.integer(0);
}

// "1a2b3c4d-0003-pretrain-…": the same name at every merge, unlike the run's number here, which only the transaction
// gives.
std::string copied_name(const Key& key, std::size_t occurrence, const Outline& run) {
  const auto& [identity, created, host] = key;
  const std::string digest = sha256(fmt::format("{}\n{}\n{}\n{}", identity, created, host, occurrence));
  return digest.substr(0, 12) + "-" + fs::path(run.folder).filename().string();
}

class Merge {
 public:
  explicit Merge(const MergeRequest& request)
      : request_(request),
        home_(fs::absolute(request.into).parent_path().lexically_normal()),
        from_home_(fs::absolute(request.from).parent_path().lexically_normal()),
        into_(open_database(request.into, Store::Mode::read_write)),
        from_(open_database(request.from, Store::Mode::read_only)) {
    if (!into_.why_read_only.empty()) throw StoreError(into_.why_read_only);
    if (identify(theirs()).version > static_cast<std::int64_t>(migrations().size())) {
      throw StoreError(from_.why_read_only +
                       " Merge with the newer VasoLab: this one would leave out what it does not "
                       "know.");
    }
    std::error_code different;
    if (fs::equivalent(request.into, request.from, different)) {
      throw StoreError(fmt::format("{} cannot be merged into itself. Name another database.", request.from.string()));
    }
  }

  MergeReport run() {
    theirs().execute("BEGIN");  // one moment of theirs, though a worker may write there
    const Outlines of_theirs = outlines_of(theirs());
    if (request_.copy && !request_.dry_run) copy_folders(of_theirs);
    const Order order = in_order(of_theirs);
    std::size_t done = 0;
    do {
      if (done > 0) std::this_thread::sleep_for(pause);
      Transaction transaction(ours());
      done = take_slice(of_theirs, order, done);
      if (done == order.size()) {
        merge_studies(theirs(), ours(), report_);
        merge_plugin_checks(theirs(), ours());
      }
      if (!request_.dry_run) transaction.commit();
      tell_of(done, order);
    } while (done < order.size());
    theirs().execute("COMMIT");
    return std::move(report_);
  }

 private:
  Connection& ours() { return into_.connection; }
  Connection& theirs() { return from_.connection; }

  void tell(const std::string& what, std::int64_t done, std::int64_t total) const {
    if (request_.progress) request_.progress(what, done, total);
  }

  void tell_of(std::size_t done, const Order& order) const {
    if (!order.empty()) tell("runs", static_cast<std::int64_t>(done), static_cast<std::int64_t>(order.size()));
  }

  // Takes runs from the one at `first` on, as many as belong into one transaction (a dry run has but one); returns the
  // first that is left. Others may have written since the last slice, another merge too: our runs are read again.
  std::size_t take_slice(const Outlines& of_theirs, const Order& order, std::size_t first) {
    const Outlines of_ours = outlines_of(ours());
    note_inhabited(of_ours);
    rows_ = 0;
    std::size_t next = first;
    while (next < order.size()) {
      const auto& [key, occurrence] = order[next];
      const Outline& run = of_theirs.at(*key)[occurrence];
      const auto same = of_ours.find(*key);
      const bool there = same != of_ours.end() && occurrence < same->second.size();
      take(*key, occurrence, run, there ? &same->second[occurrence] : nullptr);
      if (!there || same->second[occurrence].parent == 0 || updated_.contains(run.id)) follow_parent(run);
      ++next;
      if (!request_.dry_run && rows_ >= request_.rows_at_a_time) break;
      if (next < order.size()) tell_of(next, order);
    }
    return next;
  }

  // Their runs by number, so that numbers here follow the order there, and parents come before those who build on them.
  static Order in_order(const Outlines& outlines) {
    std::map<std::int64_t, std::pair<const Key*, std::size_t>> by_number;
    for (const auto& [key, runs] : outlines) {
      for (std::size_t i = 0; i < runs.size(); ++i) by_number[runs[i].id] = {&key, i};
    }
    Order order;
    for (const auto& [number, place] : by_number) order.push_back(place);
    return order;
  }

  void note_inhabited(const Outlines& of_ours) {
    for (const auto& [key, runs] : of_ours) {
      for (const Outline& run : runs) inhabited_.emplace(run.folder, key);
    }
  }

  // Two machines often keep their runs under the same path.
  bool is_of_another(const fs::path& folder, const Key& key) const {
    const auto found = inhabited_.find(folder);
    return found != inhabited_.end() && found->second != key;
  }

  // Where the files of one of their runs are, seen from here; "" where they cannot be reached.
  fs::path reachable(const Key& key, const Outline& run) const {
    if (run.folder.empty()) return {};
    const fs::path recorded = run.folder, name = recorded.filename();
    for (const fs::path& folder : {from_home_ / name, from_home_ / merged_folder / name, recorded}) {
      if (fs::is_directory(folder) && !is_of_another(folder, key)) return folder;
    }
    return {};
  }

  fs::path copy_of(const Key& key, std::size_t occurrence, const Outline& run) const {
    return home_ / merged_folder / copied_name(key, occurrence, run);
  }

  void copy_folders(const Outlines& of_theirs) {
    const MergeLock lock(home_);
    if (!lock.held()) {
      throw StoreError(fmt::format("another merge is copying folders into {}. Let it finish, then try again.",
                                   (home_ / merged_folder).string()));
    }
    const Outlines of_ours = outlines_of(ours());
    note_inhabited(of_ours);
    struct Wanted {
      fs::path source, target;
      std::int64_t run;
    };
    std::vector<Wanted> wanted;
    std::int64_t total = 0, done = 0;
    for (const auto& [key, runs] : of_theirs) {
      const auto same = of_ours.find(key);
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const bool there = same != of_ours.end() && i < same->second.size();
        if (there && lies_in_home(same->second[i].folder) && !went_further(runs[i], same->second[i])) continue;
        const fs::path source = reachable(key, runs[i]);
        if (source.empty()) continue;
        wanted.push_back({source, copy_of(key, i, runs[i]), runs[i].id});
        total += folder_bytes(source);
      }
    }
    for (const Wanted& each : wanted) {
      const std::int64_t bytes = copy_run_folder(each.source, each.target, read_artefacts(theirs(), each.run),
                                                 [&](std::int64_t copied) { tell("bytes", done + copied, total); });
      if (bytes > 0) ++report_.folders_copied;
      report_.bytes_copied += bytes;
      done += folder_bytes(each.source);
    }
  }

  bool lies_in_home(const fs::path& folder) const {
    return std::mismatch(home_.begin(), home_.end(), folder.begin(), folder.end()).first == home_.end();
  }

  // Taken up again more often, ended later, or, while neither has an end, measured more.
  bool went_further(const Outline& run, const Outline& than) {
    if (run.resumed != than.resumed) return run.resumed > than.resumed;
    if (run.finished != than.finished) return run.finished > than.finished;
    return run.finished.empty() && measured(theirs(), run.id) > measured(ours(), than.id);
  }

  void take(const Key& key, std::size_t occurrence, const Outline& run, const Outline* same) {
    const fs::path source = reachable(key, run);
    if (same == nullptr) {
      const std::int64_t number = insert(run, source);
      report_.added.emplace_back(run.id, number);
      settle(key, occurrence, run, number, source);
      return;
    }
    numbers_[run.id] = same->id;
    if (went_further(run, *same)) {
      replace(run, same->id, source);
      report_.updated.emplace_back(run.id, same->id);
      updated_.insert(run.id);
      if (request_.copy) settle(key, occurrence, run, same->id, source);
    } else {
      ++report_.there_already;
      // Copies that are wanted now, or files that could not be reached at an earlier merge.
      if (request_.copy ? !lies_in_home(same->folder) : !fs::is_directory(same->folder)) {
        settle(key, occurrence, run, same->id, source);
      }
    }
  }

  // Says in our row where the files are.
  void settle(const Key& key, std::size_t occurrence, const Outline& run, std::int64_t number, const fs::path& source) {
    const fs::path copied = copy_of(key, occurrence, run);
    if (request_.copy && fs::is_directory(copied)) {
      set_folder(number, copied);
    } else if (!source.empty()) {
      set_folder(number, source);
    } else if (!run.folder.empty()) {
      report_.folders_elsewhere.push_back(number);
      // As scp writes it: no path of this machine, so that nobody takes another run's files for its own.
      if (is_of_another(run.folder, key)) set_folder(number, std::get<2>(key) + ":" + run.folder);
    }
  }

  void set_folder(std::int64_t run, const fs::path& folder) {
    ours()
        .prepare("UPDATE runs SET folder = :folder WHERE id = :id")
        .bind(":folder", folder.string())
        .bind(":id", run)
        .run();
  }

  // All columns of `runs` but those that mean something in one database only.
  std::vector<std::string> columns(const std::set<std::string>& left_out) {
    std::vector<std::string> names;
    Statement row = ours().prepare("SELECT name FROM pragma_table_info('runs')");
    while (row.step()) {
      if (!left_out.contains(row.text(0))) names.push_back(row.text(0));
    }
    return names;
  }

  std::int64_t insert(const Outline& run, const fs::path& source) {
    const std::vector<std::string> names = columns({"id", "parent"});
    std::vector<std::string> places;
    for (std::size_t i = 1; i <= names.size(); ++i) places.push_back(fmt::format("?{}", i));
    write_row(run, names,
              fmt::format("INSERT INTO runs ({}) VALUES ({})", fmt::join(names, ", "), fmt::join(places, ", ")));
    const std::int64_t number = ours().last_id();
    numbers_[run.id] = number;
    end_of_running(run, number);
    copy_rows(run, number);
    if (!source.empty()) replay_spool(ours(), number, source);
    return number;
  }

  void replace(const Outline& run, std::int64_t number, const fs::path& source) {
    const std::vector<std::string> names = columns({"id", "parent", "identity", "created", "host", "folder"});
    std::vector<std::string> changes;
    for (std::size_t i = 0; i < names.size(); ++i) changes.push_back(fmt::format("{} = ?{}", names[i], i + 1));
    write_row(run, names, fmt::format("UPDATE runs SET {} WHERE id = {}", fmt::join(changes, ", "), number));
    for (const char* const table : tables_of_a_run) {
      ours().execute(fmt::format("DELETE FROM {} WHERE run = {}", table, number));
    }
    end_of_running(run, number);
    copy_rows(run, number);
    if (!source.empty()) replay_spool(ours(), number, source);
  }

  void write_row(const Outline& run, const std::vector<std::string>& names, const std::string& sql) {
    Statement read = theirs().prepare(fmt::format("SELECT {} FROM runs WHERE id = :id", fmt::join(names, ", ")));
    read.bind(":id", run.id).step();
    Statement write = ours().prepare(sql);
    for (int column = 0; column < read.columns(); ++column) write.bind(column + 1, read, column);
    write.run();
  }

  // A process of another machine cannot be asked whether it lives. `finished` stays empty: when the run has ended
  // there, the next merge sees that it went further.
  void end_of_running(const Outline& run, std::int64_t number) {
    if (run.status != "running") return;
    ++report_.still_running;
    ours()
        .prepare("UPDATE runs SET status = 'interrupted', pid = 0, message = :message WHERE id = :id")
        .bind(":message", fmt::format("It was running when it was merged from {}. Merge again when it has ended there.",
                                      request_.from.string()))
        .bind(":id", number)
        .run();
  }

  void copy_rows(const Outline& run, std::int64_t number) {
    for (const char* const table : tables_of_a_run) {
      Statement read = theirs().prepare(fmt::format("SELECT * FROM {} WHERE run = :run", table));
      read.bind(":run", run.id);
      std::vector<std::string> places = {std::to_string(number)};
      for (int column = 1; column < read.columns(); ++column) places.push_back(fmt::format("?{}", column));
      Statement write = ours().prepare(fmt::format("INSERT INTO {} VALUES ({})", table, fmt::join(places, ", ")));
      while (read.step()) {
        for (int column = 1; column < read.columns(); ++column) write.bind(column, read, column);
        write.run();
        ++rows_;
      }
    }
  }

  // A run that was taken earlier may lack its parent: that was not there then, or has been removed here since.
  void follow_parent(const Outline& run) {
    const auto parent = numbers_.find(run.parent);
    if (parent == numbers_.end()) return;
    ours()
        .prepare("UPDATE runs SET parent = :parent WHERE id = :id")
        .bind(":parent", parent->second)
        .bind(":id", numbers_.at(run.id))
        .run();
  }

  const MergeRequest& request_;
  fs::path home_, from_home_;
  Opened into_, from_;
  std::map<fs::path, Key> inhabited_;             // folders that rows of ours name
  std::map<std::int64_t, std::int64_t> numbers_;  // of their runs, here
  std::set<std::int64_t> updated_;                // of their runs
  std::int64_t rows_ = 0;                         // copied in this slice
  MergeReport report_;
};

}  // namespace

MergeReport merge(const MergeRequest& request) { return Merge(request).run(); }

}  // namespace vaso::runs
