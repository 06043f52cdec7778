#include "runs/store.hpp"

#include "runs/store_impl.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <array>
#include <ctime>

namespace vaso::runs {
namespace {

constexpr std::array<const char*, 5> status_names = {"planned", "running", "finished", "failed", "interrupted"};

Status to_status(const std::string& name, const std::filesystem::path& file) {
  for (std::size_t i = 0; i < status_names.size(); ++i) {
    if (name == status_names[i]) return static_cast<Status>(i);
  }
  throw StoreError(fmt::format(
      "{} holds a run with the status `{}`, which this VasoLab does not know. Use a newer one.", file.string(), name));
}

// Columns in the order in which read_run reads them.
constexpr const char* columns =
    "id, experiment, phase, label, identity, status, seed, folder, data_fingerprint, coalesce(parent, 0), created, "
    "started, finished, host, device, libtorch, version, revision, threads, dirty, pid, wall_seconds, peak_memory, "
    "exit_code, signal, message, resumed, stopped_early";

std::string select_without_configuration() { return fmt::format("SELECT {}, '', '' FROM runs ", columns); }
std::string select_whole() { return fmt::format("SELECT {}, config_toml, config_json FROM runs ", columns); }

Run read_run(const Statement& row, const std::filesystem::path& file) {
  int column = 0;
  Run run;
  run.id = row.integer(column++);
  run.experiment = row.text(column++);
  run.phase = row.text(column++);
  run.label = row.text(column++);
  run.identity = row.text(column++);
  run.status = to_status(row.text(column++), file);
  run.seed = row.integer(column++);
  run.folder = row.text(column++);
  run.data_fingerprint = row.text(column++);
  run.parent = row.integer(column++);
  run.created = row.text(column++);
  run.started = row.text(column++);
  run.finished = row.text(column++);
  run.host = row.text(column++);
  run.device = row.text(column++);
  run.libtorch = row.text(column++);
  run.version = row.text(column++);
  run.revision = row.text(column++);
  run.threads = row.text(column++);
  run.dirty = row.integer(column++) != 0;
  run.pid = row.integer(column++);
  run.wall_seconds = row.real(column++);
  run.peak_memory = row.integer(column++);
  run.exit_code = static_cast<int>(row.integer(column++));
  run.signal = static_cast<int>(row.integer(column++));
  run.message = row.text(column++);
  run.resumed = row.integer(column++);
  run.stopped_early = row.integer(column++) != 0;
  run.config_toml = row.text(column++);
  run.config_json = row.text(column++);
  return run;
}

// What update() may change; add() binds the rest besides.
void bind_changeable(Statement& statement, const Run& run) {
  statement.bind(":experiment", run.experiment)
      .bind(":phase", run.phase)
      .bind(":label", run.label)
      .bind(":status", to_text(run.status))
      .bind(":seed", run.seed)
      .bind(":folder", run.folder)
      .bind(":data_fingerprint", run.data_fingerprint)
      .bind(":parent", run.parent == 0 ? std::nullopt : std::optional(run.parent))
      .bind(":started", run.started)
      .bind(":finished", run.finished)
      .bind(":host", run.host)
      .bind(":device", run.device)
      .bind(":libtorch", run.libtorch)
      .bind(":version", run.version)
      .bind(":revision", run.revision)
      .bind(":threads", run.threads)
      .bind(":dirty", std::int64_t{run.dirty})
      .bind(":pid", run.pid)
      .bind(":wall_seconds", run.wall_seconds)
      .bind(":peak_memory", run.peak_memory)
      .bind(":exit_code", std::int64_t{run.exit_code})
      .bind(":signal", std::int64_t{run.signal})
      .bind(":message", run.message)
      .bind(":resumed", run.resumed)
      .bind(":stopped_early", std::int64_t{run.stopped_early});
}

}  // namespace

std::string to_text(Status status) { return status_names.at(static_cast<std::size_t>(status)); }

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

void Store::Impl::refuse_if_read_only() const {
  if (!opened.why_read_only.empty()) throw StoreError(opened.why_read_only);
}

void Store::Impl::require(std::int64_t run) {
  if (!db().prepare("SELECT 1 FROM runs WHERE id = :run").bind(":run", run).step()) {
    throw StoreError(fmt::format("{} holds no run {}. `vaso ls` lists what it holds.", db().file().string(), run));
  }
}

void Store::Impl::update(const Run& run) {
  require(run.id);
  if (run.parent != 0) require(run.parent);
  Statement statement = db().prepare(
      "UPDATE runs SET experiment = :experiment, phase = :phase, label = :label, status = :status, seed = :seed, "
      "folder = :folder, data_fingerprint = :data_fingerprint, parent = :parent, started = :started, "
      "finished = :finished, host = :host, device = :device, libtorch = :libtorch, version = :version, "
      "revision = :revision, threads = :threads, dirty = :dirty, pid = :pid, wall_seconds = :wall_seconds, "
      "peak_memory = :peak_memory, exit_code = :exit_code, signal = :signal, message = :message, "
      "resumed = :resumed, stopped_early = :stopped_early WHERE id = :id");
  bind_changeable(statement, run);
  statement.bind(":id", run.id).run();
}

Store::Store(const std::filesystem::path& file, Mode mode) : impl_(new Impl{open_database(file, mode)}) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

bool Store::read_only() const { return !impl_->opened.why_read_only.empty(); }

std::filesystem::path Store::file() const { return impl_->db().file(); }

std::int64_t Store::Impl::insert(const Run& run, const std::vector<PluginUsed>& plugins,
                                 const std::vector<std::pair<std::string, std::string>>& settings) {
  if (run.parent != 0) require(run.parent);
  Statement insert = db().prepare(
      "INSERT INTO runs (experiment, phase, label, identity, status, seed, folder, config_toml, config_json, "
      "data_fingerprint, parent, created, started, finished, host, device, libtorch, version, revision, threads, "
      "dirty, pid, wall_seconds, peak_memory, exit_code, signal, message, resumed, stopped_early) VALUES (:experiment, "
      ":phase, :label, :identity, :status, :seed, :folder, :config_toml, :config_json, :data_fingerprint, :parent, "
      ":created, :started, :finished, :host, :device, :libtorch, :version, :revision, :threads, :dirty, :pid, "
      ":wall_seconds, :peak_memory, :exit_code, :signal, :message, :resumed, :stopped_early)");
  bind_changeable(insert, run);
  insert.bind(":identity", run.identity)
      .bind(":config_toml", run.config_toml)
      .bind(":config_json", run.config_json)
      .bind(":created", run.created.empty() ? utc_now() : run.created)
      .run();
  const std::int64_t id = db().last_id();

  Statement add_plugin = db().prepare("INSERT INTO plugins VALUES (:run, :id, :version, :file, :sha256)");
  for (const PluginUsed& plugin : plugins) {
    add_plugin.bind(":run", id)
        .bind(":id", plugin.id)
        .bind(":version", plugin.version)
        .bind(":file", plugin.file)
        .bind(":sha256", plugin.sha256)
        .run();
  }
  Statement add_setting = db().prepare("INSERT INTO settings VALUES (:run, :path, :value)");
  for (const auto& [path, value] : settings) {
    add_setting.bind(":run", id).bind(":path", path).bind(":value", value).run();
  }
  return id;
}

std::int64_t Store::add(const Run& run, const std::vector<PluginUsed>& plugins,
                        const std::vector<std::pair<std::string, std::string>>& settings) {
  impl_->refuse_if_read_only();
  Transaction transaction(impl_->db());
  const std::int64_t id = impl_->insert(run, plugins, settings);
  transaction.commit();
  return id;
}

std::optional<std::int64_t> Store::claim(const Run& run, std::int64_t newest, const std::vector<PluginUsed>& plugins,
                                         const std::vector<std::pair<std::string, std::string>>& settings) {
  impl_->refuse_if_read_only();
  Transaction transaction(impl_->db());
  Statement taken = impl_->db().prepare(
      "SELECT 1 FROM runs WHERE identity = :identity AND (id > :newest OR status = :running) LIMIT 1");
  taken.bind(":identity", run.identity).bind(":newest", newest).bind(":running", to_text(Status::running));
  if (taken.step()) return std::nullopt;
  const std::int64_t id = impl_->insert(run, plugins, settings);
  transaction.commit();
  return id;
}

void Store::update(const Run& run) {
  impl_->refuse_if_read_only();
  Transaction transaction(impl_->db());
  impl_->update(run);
  transaction.commit();
}

bool Store::update_if(Status status, const Run& run) {
  impl_->refuse_if_read_only();
  Transaction transaction(impl_->db());
  Statement now = impl_->db().prepare("SELECT status FROM runs WHERE id = :id");
  if (now.bind(":id", run.id).step() && now.text(0) != to_text(status)) return false;
  impl_->update(run);
  transaction.commit();
  return true;
}

std::optional<Run> Store::get(std::int64_t id) const {
  Statement row = impl_->db().prepare(select_whole() + "WHERE id = :id");
  if (!row.bind(":id", id).step()) return std::nullopt;
  return read_run(row, file());
}

std::vector<Run> Store::all() const {
  std::vector<Run> runs;
  Statement row = impl_->db().prepare(select_without_configuration() + "ORDER BY id");
  while (row.step()) runs.push_back(read_run(row, file()));
  return runs;
}

std::vector<Run> Store::with_status(Status status) const {
  std::vector<Run> runs;
  Statement row = impl_->db().prepare(select_without_configuration() + "WHERE status = :status ORDER BY id");
  row.bind(":status", to_text(status));
  while (row.step()) runs.push_back(read_run(row, file()));
  return runs;
}

std::optional<Run> Store::newest_with_identity(const std::string& identity) const {
  Statement row = impl_->db().prepare(select_whole() + "WHERE identity = :identity ORDER BY id DESC LIMIT 1");
  if (!row.bind(":identity", identity).step()) return std::nullopt;
  return read_run(row, file());
}

std::map<std::string, std::string> Store::settings(std::int64_t run) const {
  std::map<std::string, std::string> settings;
  Statement row = impl_->db().prepare("SELECT path, value FROM settings WHERE run = :run");
  row.bind(":run", run);
  while (row.step()) settings.emplace(row.text(0), row.text(1));
  return settings;
}

std::vector<PluginUsed> Store::plugins(std::int64_t run) const {
  std::vector<PluginUsed> plugins;
  Statement row = impl_->db().prepare("SELECT id, version, file, sha256 FROM plugins WHERE run = :run ORDER BY id");
  row.bind(":run", run);
  while (row.step()) plugins.push_back({row.text(0), row.text(1), row.text(2), row.text(3)});
  return plugins;
}

}  // namespace vaso::runs
