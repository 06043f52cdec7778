// The run database: what has run, with what, on what, and what came out.
//
// SQLite, STRICT tables, `BEGIN IMMEDIATE` for every write, migrations by user_version inside one transaction. WAL on
// local disks, rollback journal elsewhere. One connection per Store, used by one thread.
#pragma once

#include "runs/study_record.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vaso::runs {

// What went wrong with the database, with the file and a cure.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Status { planned, running, finished, failed, interrupted };
std::string to_text(Status status);  // "planned", …

struct PluginUsed {
  std::string id, version, file, sha256;
};

struct Run {
  std::int64_t id = 0;
  std::string experiment;  // name of the experiment
  std::string phase;       // segmentor, pretrain, finetune
  std::string label;       // the factor levels that make this run differ, "masking.strategy=random seed=1"; may be ""
  std::string identity;    // SHA-256 over phase settings, data fingerprint, plugin digests, parent identities
  Status status = Status::planned;
  std::int64_t seed = 0;
  std::string folder;       // absolute
  std::string config_toml;  // resolved, with origins
  std::string config_json;  // resolved, canonical
  std::string data_fingerprint;
  std::int64_t parent = 0;  // the run whose weights this one uses (the segmentor); 0 = none
  // provenance
  std::string created, started, finished;                          // UTC, ISO 8601
  std::string host, device, libtorch, version, revision, threads;  // threads: "aten=2 opencv=1 blas=1"
  bool dirty = false;    // uncommitted changes in the source tree it was built from
  std::int64_t pid = 0;  // of the worker while it runs
  // how it ended
  double wall_seconds = 0;
  std::int64_t peak_memory = 0;  // bytes
  int exit_code = 0;
  int signal = 0;
  std::string message;         // the error, or the last lines of its output
  std::int64_t resumed = 0;    // how often it was taken up again
  bool stopped_early = false;  // a fine-tuning that ended before its last epoch, for want of progress
};

struct Point {
  std::int64_t step;
  double value;
};

struct Artefact {
  std::string name;  // "weights", "plan picture"
  std::string file;  // relative to the run's folder
  std::string sha256;
  std::int64_t bytes = 0;
};

// One number of a series. NaN gives way to numbers in smallest and largest, and makes every mean NaN.
enum class Pick { first, last, smallest, largest, mean };

// Every member throws StoreError where the database cannot be read or written, or holds no such run.
class Store {
 public:
  enum class Mode { read_write, read_only };  // read_write creates the file and its folder
  explicit Store(const std::filesystem::path& file, Mode mode = Mode::read_write);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // A database that a newer VasoLab wrote opens read-only; every write then throws, naming both versions.
  bool read_only() const;
  std::filesystem::path file() const;

  // The number of the new run (run.id is not looked at). `created` is now where it is empty. settings: dotted path,
  // value.
  std::int64_t add(const Run& run, const std::vector<PluginUsed>& plugins,
                   const std::vector<std::pair<std::string, std::string>>& settings);
  // add(), unless another program was faster: nothing where a run of the same identity is running, or has been added
  // since the one with number `newest` (0: there was none). Look again then.
  std::optional<std::int64_t> claim(const Run& run, std::int64_t newest, const std::vector<PluginUsed>& plugins,
                                    const std::vector<std::pair<std::string, std::string>>& settings);
  void update(const Run& run);  // all columns but identity, configuration and creation time
  // The same, unless the run's status is no longer `status`: false then. For what is decided from a row read earlier (a
  // worker that seems dead may just have finished).
  bool update_if(Status status, const Run& run);
  // The row and all that was measured, not the folder. Runs that built on it stay, without a parent. Its number is not
  // given again.
  void remove(std::int64_t run);
  std::optional<Run> get(std::int64_t id) const;
  std::vector<Run> all() const;  // newest last; without config_toml and config_json, which make a list slow: see get()
  std::vector<Run> with_status(Status status) const;  // the same for those with this status
  std::optional<Run> newest_with_identity(const std::string& identity) const;
  std::map<std::string, std::string> settings(std::int64_t run) const;
  std::vector<PluginUsed> plugins(std::int64_t run) const;

  // Metric series: one transaction per call. A step already there is replaced. NaN and infinities come back as they
  // were.
  void log(std::int64_t run, std::int64_t step, const std::map<std::string, double>& values);
  // Drops what a run logged at `step` and later: a resumed run writes it again.
  void forget_from(std::int64_t run, std::int64_t step);
  std::vector<std::string> series(std::int64_t run) const;
  std::vector<Point> points(std::int64_t run, const std::string& series) const;

  // One value for each image: what paired tests need. A value already there is replaced.
  void log_per_image(std::int64_t run, const std::string& metric, const std::map<std::string, double>& value_by_image);
  std::map<std::string, double> per_image(std::int64_t run, const std::string& metric) const;
  std::vector<std::string> per_image_metrics(std::int64_t run) const;
  // How a metric was computed, in words. One already there is replaced.
  void set_convention(std::int64_t run, const std::string& metric, const std::string& text);
  std::map<std::string, std::string> conventions(std::int64_t run) const;
  void add_artefact(std::int64_t run, const Artefact& artefact);  // replaces one of that name
  std::vector<Artefact> artefacts(std::int64_t run) const;

  // On network disks workers measure into a file in their run's folder (spool.hpp). This brings what it holds into the
  // database, and removes it if run.status says that the run has ended. Returns the number of records.
  std::int64_t absorb_spool(const Run& run);

  // Studies. One of that name is replaced; `created` is now where it is empty.
  void put_study(const StudyRecord& study);
  std::optional<StudyRecord> study(const std::string& name) const;
  std::vector<std::string> studies() const;  // names, in alphabetical order

  // Bulk readers: one statement over all runs, for tables over thousands of them. Keys are run numbers; runs that have
  // nothing of the kind are absent.
  std::map<std::int64_t, double> values(const std::string& series, Pick pick) const;
  std::set<std::string> series_names() const;   // of all runs
  std::set<std::string> setting_paths() const;  // of all runs
  std::map<std::int64_t, std::string> setting(const std::string& path) const;
  // Paths whose value is not the same in all of these runs; a run without the setting differs from one with it.
  std::set<std::string> differing_settings(const std::vector<std::int64_t>& runs) const;
  std::map<std::int64_t, std::vector<PluginUsed>> all_plugins() const;
  std::map<std::int64_t, std::map<std::string, std::string>> all_conventions() const;
  // By identity, the run that stands for it: the newest finished one, else the newest. Runs without identity are left
  // out.
  std::map<std::string, std::int64_t> standing_for_identity() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Hex SHA-256 of bytes, and of a file's content (throws StoreError where it cannot be read).
std::string sha256(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& file);

}  // namespace vaso::runs
