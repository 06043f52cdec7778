// How fast `vaso` answers over a large run database: 10,000 runs with 500 metric points each, 60 settings, 6 plugins
// and 50 values per image; one study of 100 of them.
//
//   bench_database FOLDER [VASO]     makes FOLDER/vaso.db where there is none, then times verbs of VASO (default: vaso)
#include "runs/connection.hpp"
#include "runs/store.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace fs = std::filesystem;
using namespace vaso::runs;

namespace {

constexpr int runs = 10'000, steps = 100, settings = 60, images = 50, cells = 20, seeds = 5;

// Real configurations are of this length, and long enough to leave a page of the file.
const std::string configuration(4000, 'c');

// The first run, which the others are copies of.
void make_pattern(const fs::path& file) {
  Store store(file);
  Run run;
  run.experiment = "bench-0";
  run.phase = "finetune";
  run.status = Status::finished;
  run.identity = sha256("1");
  run.created = run.started = "2026-03-01T10:00:00Z";
  run.finished = "2026-03-01T11:00:00Z";
  run.host = "bench";
  run.config_toml = run.config_json = configuration;
  std::vector<PluginUsed> plugins;
  for (int i = 0; i < 6; ++i) plugins.push_back({fmt::format("masking.plugin{}", i), "1.0", "plugin.so", sha256("p")});
  std::vector<std::pair<std::string, std::string>> paths = {
      {"downstream.task", "\"vessels\""}, {"masking.ratio", "0.5"}, {"masking.strategy", "\"random\""}, {"seed", "0"}};
  while (paths.size() < settings) {
    paths.emplace_back(fmt::format("model.parameter{:02}", paths.size()), std::to_string(paths.size()));
  }
  store.add(run, plugins, paths);
  store.set_convention(1, "test.dice", "mean over images of the Dice overlap at a threshold of 0.5");
}

// The others, by the database itself: a run's number decides its cell and seed.
void multiply(const fs::path& file) {
  Connection db(file, SQLITE_OPEN_READWRITE);
  db.execute("PRAGMA synchronous = OFF");
  Transaction transaction(db);
  const std::string numbers =
      fmt::format("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ", runs);
  db.execute(numbers +
             fmt::format("INSERT INTO runs (experiment, phase, label, identity, status, seed, folder, config_toml, "
                         "config_json, data_fingerprint, created, started, finished, host, device, libtorch, version, "
                         "revision, threads, dirty, pid, wall_seconds, peak_memory, exit_code, signal, message) SELECT "
                         "'bench-' || (i / {}), phase, 'cell=' || (i % {}) || ' seed=' || (i / {} % {}), "
                         "printf('%064x', i), status, i / {} % {}, '/runs/' || i, config_toml, config_json, "
                         "data_fingerprint, created, started, finished, host, device, libtorch, version, revision, "
                         "threads, dirty, pid, 60 + i % 600, 1 << 30, 0, 0, '' FROM n, runs WHERE id = 1",
                         cells * seeds, cells, cells, seeds, cells, seeds));
  db.execute(numbers + fmt::format("INSERT INTO settings SELECT i, path, CASE path WHEN 'seed' THEN i / {0} % {1} WHEN "
                                   "'masking.strategy' THEN '\"strategy' || (i % 4) || '\"' WHEN 'masking.ratio' THEN "
                                   "'0.' || (1 + i % {0} / 4) ELSE value END FROM n, settings WHERE run = 1",
                                   cells, seeds));
  db.execute(numbers + "INSERT INTO plugins SELECT i, id, version, file, sha256 FROM n, plugins WHERE run = 1");
  db.execute(numbers + "INSERT INTO conventions SELECT i, metric, text FROM n, conventions WHERE run = 1");
  // In the order of the primary key, so that pages are filled one after the other as they are by workers.
  db.execute(fmt::format(
      "WITH RECURSIVE s (step) AS (SELECT 0 UNION ALL SELECT step + 1 FROM s WHERE step < {}), names (name) AS (VALUES "
      "('images_per_second'), ('loss'), ('lr'), ('test.cl_dice'), ('test.dice')) INSERT INTO metrics SELECT id, name, "
      "step, 1.0 / (2 + step) + 0.001 * (id % 97) FROM (SELECT id FROM runs ORDER BY id), names, s ORDER BY id, name, "
      "step",
      steps - 1));
  db.execute(
      fmt::format("WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < {}) INSERT INTO "
                  "per_image SELECT id, 'test.dice', printf('image%04d.png', i), 0.5 + 0.01 * ((id + i) % 37) "
                  "FROM runs, s ORDER BY id, i",
                  images - 1));
  transaction.commit();
}

void add_study(const fs::path& file) {
  Store store(file);
  StudyRecord study;
  study.name = "bench";
  study.design = "list";
  study.question = "How fast is it?";
  for (int cell = 0; cell < cells; ++cell) study.cells.push_back({fmt::format("cell {}", cell), {}, cell == 0});
  for (int seed = 0; seed < seeds; ++seed) {
    study.seeds.push_back(seed);
    for (int cell = 0; cell < cells; ++cell) {
      const int run = 5 * cells * seeds + seed * cells + cell;
      study.runs.push_back({static_cast<std::size_t>(cell), seed, "finetune", "vessels", fmt::format("{:064x}", run)});
    }
  }
  store.put_study(study);
}

void time_command(const std::string& command) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = std::system((command + " > /dev/null").c_str());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (status != 0) fmt::print("(status {}) ", status);
  }
  fmt::print("{:6.3f} s  {}\n", best, command);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "bench_database FOLDER [VASO]\n");
    return 2;
  }
  const fs::path folder = words[1], file = folder / "vaso.db";
  const std::string vaso = count > 2 ? words[2] : "vaso";
  if (!fs::exists(file)) {
    make_pattern(file);
    multiply(file);
    add_study(file);
  }
  fmt::print("{} runs, {} points, {} MiB; the best of five:\n", runs, runs * steps * 5, fs::file_size(file) >> 20);
  const std::string home = " --home " + folder.string();
  for (const char* const verb :
       {"ls", "ls --last 20", "ls --format json", "show 5000",
        "table --by masking.strategy,masking.ratio --metric loss",
        "table --by masking.strategy --metric test.dice,test.cl_dice,loss,best:test.dice", "table bench"}) {
    time_command(vaso + " " + verb + home);
  }
  time_command(fmt::format("{} report bench --out {}{}", vaso, (folder / "page").string(), home));
}
