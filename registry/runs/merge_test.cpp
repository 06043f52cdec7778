#include "runs/merge.hpp"
#include "runs/plugin_checks.hpp"

#include "runs/check.hpp"
#include "runs/connection.hpp"
#include "runs/merge_studies.hpp"
#include "runs/migrations.hpp"
#include "runs/run_folders.hpp"
#include "runs/spool.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

// A home with its database; hosts tell the machines apart.
struct Machine {
  Machine(const fs::path& where, std::string name) : home(where), host(std::move(name)) {
    fs::create_directories(home);
    Store store(database());  // makes it
  }

  fs::path database() const { return home / "vaso.db"; }
  Store store() const { return Store(database()); }

  std::int64_t run(const std::string& identity, std::int64_t parent = 0, Status status = Status::finished) const {
    Store db = store();
    Run run;
    run.experiment = "ablation";
    run.phase = "pretrain";
    run.identity = identity;
    run.parent = parent;
    run.host = host;
    run.status = status;
    run.created = "2026-03-01T10:00:00Z";
    run.finished = status == Status::running ? "" : "2026-03-01T11:00:00Z";
    run.config_toml = "# " + identity;
    run.id = db.add(run, {{"masking.random", "1", "r.so", "aa"}}, {{"seed", identity}});
    const fs::path folder = home / fmt::format("{:04}-pretrain", run.id);
    fs::create_directories(folder / "pictures");
    std::ofstream(folder / "encoder.safetensors") << "weights of " << identity << " on " << host;
    std::ofstream(folder / "pictures" / "plan.png") << "picture";
    run.folder = folder;
    db.update(run);
    for (int step = 0; step < 10; ++step) db.log(run.id, step, {{"loss", 1.0 / (step + 1)}, {"lr", step}});
    db.log_per_image(run.id, "dice", {{"a.png", 0.5}, {"b.png", 0.75}});
    db.set_convention(run.id, "dice", "over images");
    db.add_artefact(run.id, {"encoder", "encoder.safetensors", sha256_file(folder / "encoder.safetensors"),
                             static_cast<std::int64_t>(fs::file_size(folder / "encoder.safetensors"))});
    return run.id;
  }

  fs::path home;
  std::string host;
};

MergeReport merged(const Machine& into, const Machine& from, bool copy = false) {
  return merge({into.database(), from.database(), copy, false, {}});
}

// Everything that a database says, numbers included.
std::string dump(const fs::path& database) {
  Connection db(database, SQLITE_OPEN_READONLY);
  std::string text;
  for (const char* const query :
       {"SELECT * FROM runs ORDER BY id", "SELECT * FROM settings", "SELECT * FROM plugins", "SELECT * FROM metrics",
        "SELECT * FROM per_image", "SELECT * FROM artefacts", "SELECT * FROM conventions", "SELECT * FROM studies",
        "SELECT * FROM study_runs", "SELECT * FROM plugin_checks"}) {
    Statement row = db.prepare(query);
    while (row.step()) {
      for (int column = 0; column < row.columns(); ++column) text += row.text(column) + "|";
      text += "\n";
    }
  }
  return text;
}

bool whole(const Machine& machine) {
  const auto yes = [](const Run&) { return true; };
  const CheckResult result = check({machine.database(), true, yes, yes, {}});
  for (const Finding& finding : result.findings) MESSAGE(finding.what);
  return result.findings.empty();
}

StudyRecord a_study(const std::string& created, std::vector<std::int64_t> seeds) {
  StudyRecord study;
  study.name = "ablation";
  study.design = "list";
  study.created = created;
  study.cells = {{"A", {}, true}, {"B", {}, false}};
  study.seeds = seeds;
  for (const std::int64_t seed : seeds) {
    for (std::size_t cell = 0; cell < 2; ++cell) {
      study.runs.push_back({cell, seed, "pretrain", "", fmt::format("{}-{}", cell, seed)});
    }
  }
  return study;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("runs of two machines: numbers are given anew, parents follow, everything comes along") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    here.run("own");
    const auto segmentor = there.run("segmentor");
    there.run("child", segmentor);

    const MergeReport report = merged(here, there);
    CHECK(report.added == std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 2}, {2, 3}});
    CHECK(report.updated.empty());
    CHECK(report.there_already == 0);
    const Store store = here.store();
    const Run child = store.get(3).value();
    CHECK(child.identity == "child");
    CHECK(child.parent == 2);
    CHECK(child.host == "gpu1");
    CHECK(child.config_toml == "# child");
    CHECK(child.folder == there.home / "0002-pretrain");
    CHECK(store.points(3, "loss").size() == 10);
    CHECK(store.per_image(3, "dice").at("b.png") == 0.75);
    CHECK(store.conventions(3).at("dice") == "over images");
    CHECK(store.plugins(3).at(0).sha256 == "aa");
    CHECK(store.settings(3).at("seed") == "child");
    CHECK(store.artefacts(3).size() == 1);
    CHECK(store.get(1)->identity == "own");
    CHECK(whole(here));
  }

  TEST_CASE("merging twice changes nothing, in either way of merging") {
    for (const bool copy : {false, true}) {
      const TemporaryFolder folder;
      const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
      there.run("a");
      there.run("b", 1);
      merged(here, there, copy);
      const std::string once = dump(here.database());
      const MergeReport again = merged(here, there, copy);
      CHECK(again.added.empty());
      CHECK(again.updated.empty());
      CHECK(again.there_already == 2);
      CHECK(again.folders_copied == 0);
      CHECK(dump(here.database()) == once);
    }
  }

  TEST_CASE("runs that cannot be told apart are counted: three there are three here, whatever was merged before") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("same");
    merged(here, there);
    there.run("same");
    there.run("same");
    CHECK(merged(here, there).added.size() == 2);
    CHECK(merged(here, there).there_already == 3);
    CHECK(here.store().all().size() == 3);
  }

  TEST_CASE("a run that went further there is brought up to date; one that went further here stays") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a", 0, Status::running);
    const MergeReport first = merged(here, there);
    CHECK(first.still_running == 1);
    CHECK(here.store().get(1)->status == Status::interrupted);
    CHECK(here.store().get(1)->message.find("Merge again") != std::string::npos);

    {
      Store store = there.store();
      store.log(1, 10, {{"loss", 0.01}});
      CHECK(merged(here, there).updated.size() == 1);  // it still runs and has measured more
      CHECK(merged(here, there).updated.empty());
      Run run = store.get(1).value();
      run.status = Status::finished;
      run.finished = "2026-03-01T12:00:00Z";
      store.update(run);
    }
    const MergeReport second = merged(here, there);
    CHECK(second.updated == std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}});
    CHECK(second.still_running == 0);
    CHECK(here.store().get(1)->status == Status::finished);
    CHECK(here.store().points(1, "loss").size() == 11);

    Store store = here.store();
    Run run = store.get(1).value();
    run.resumed = 1;
    store.update(run);
    CHECK(merged(here, there).there_already == 1);
    CHECK(here.store().get(1)->resumed == 1);
  }

  TEST_CASE("copied folders are whole, and found again after the other machine is gone") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a");
    const MergeReport report = merged(here, there, true);
    CHECK(report.folders_copied == 1);
    const fs::path copied = here.store().get(1)->folder;
    CHECK(copied.parent_path() == here.home / merged_folder);
    fs::remove_all(there.home);
    CHECK(fs::exists(copied / "encoder.safetensors"));
    CHECK(fs::exists(copied / "pictures" / "plan.png"));
    CHECK(whole(here));
  }

  TEST_CASE("copies can be asked for later, and a run that went on is copied again") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a");
    merged(here, there);
    CHECK(here.store().get(1)->folder == there.home / "0001-pretrain");
    CHECK(merged(here, there, true).folders_copied == 1);
    const fs::path copied = here.store().get(1)->folder;
    CHECK(copied.parent_path() == here.home / merged_folder);
    {
      std::ofstream(there.home / "0001-pretrain" / "encoder.safetensors") << "trained for longer";
      Store store = there.store();
      store.add_artefact(1, {"encoder", "encoder.safetensors", sha256("trained for longer"), 18});
      Run run = store.get(1).value();
      run.resumed = 1;
      store.update(run);
    }
    const MergeReport report = merged(here, there, true);
    CHECK(report.updated.size() == 1);
    CHECK(report.folders_copied == 1);
    CHECK(here.store().get(1)->folder == copied);
    CHECK(whole(here));
  }

  TEST_CASE("a folder that is not what was recorded is not copied, and nothing is merged") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a");
    const fs::path weights = there.home / "0001-pretrain" / "encoder.safetensors";
    std::ofstream(weights) << std::string(fs::file_size(weights), 'x');  // same size, other content
    CHECK_THROWS_WITH_AS(merged(here, there, true), doctest::Contains("Nothing was merged"), StoreError);
    CHECK(here.store().all().empty());
    CHECK_FALSE(fs::exists(fs::path(here.home / merged_folder / "0001-pretrain")));
  }

  TEST_CASE("a home that was carried here is found beside its database; a path that another run has is not taken") {
    const TemporaryFolder folder;
    const fs::path usual = folder.path() / "project" / "runs";
    const Machine there(usual, "gpu1");
    there.run("theirs");
    const fs::path carried = folder.path() / "carried";
    fs::rename(usual, carried);
    const Machine here(usual, "desk");  // the same path as on the other machine
    here.run("ours");

    merge({here.database(), carried / "vaso.db", false, false, {}});
    CHECK(here.store().get(2)->folder == carried / "0001-pretrain");

    const Machine third(folder.path() / "third", "laptop");
    third.run("ours elsewhere");
    const Machine fourth(folder.path() / "fourth", "x");
    fs::copy_file(carried / "vaso.db", fourth.home / "only.db");  // the database without its folders
    const MergeReport report = merge({here.database(), fourth.home / "only.db", false, false, {}});
    CHECK(report.there_already == 1);
    Store(here.database()).remove(2);
    const MergeReport anew = merge({here.database(), fourth.home / "only.db", false, false, {}});
    CHECK(anew.folders_elsewhere == std::vector<std::int64_t>{3});  // the number 2 is not given again
    CHECK(here.store().get(3)->folder == "gpu1:" + (usual / "0001-pretrain").string());
  }

  TEST_CASE("a merge that is killed half-way leaves nothing, and the next one is complete") {
    for (const bool copy : {false, true}) {
      for (int kill_at = 1; kill_at <= 9; kill_at += 2) {
        const TemporaryFolder folder;
        const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
        here.run("own");
        for (int i = 0; i < 5; ++i) there.run(std::to_string(i), i);
        const std::string before = dump(here.database());
        const pid_t child = fork();
        if (child == 0) {
          int calls = 0;
          merge({here.database(), there.database(), copy, false, [&](const std::string&, std::int64_t, std::int64_t) {
                   if (++calls == kill_at) kill(getpid(), SIGKILL);
                 }});
          _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        const bool killed = WIFSIGNALED(status);
        CHECK(killed == (copy || kill_at <= 5));
        if (killed)
          CHECK((dump(here.database()) == before) == (copy || kill_at < 5));  // the fifth is told when all is kept
        merged(here, there, copy);
        CHECK(whole(here));
        CHECK(here.store().all().size() == 6);
        CHECK(here.store().get(6)->parent == 5);
        CHECK(here.store().points(6, "loss").size() == 10);
      }
    }
  }

  TEST_CASE("a large merge killed anywhere leaves whole runs with their parents, and the next one goes on from there") {
    const TemporaryFolder folder;
    const Machine there(folder.path() / "there", "gpu1"), at_once(folder.path() / "at_once", "desk");
    for (int i = 0; i < 5; ++i) there.run(std::to_string(i), i);
    there.store().put_study(a_study("2026-03-01T10:00:00Z", {0}));
    merged(at_once, there);
    for (int kill_at = 1; kill_at <= 5; ++kill_at) {
      const Machine here(folder.path() / std::to_string(kill_at), "desk");
      const pid_t child = fork();
      if (child == 0) {
        int calls = 0;
        merge({here.database(), there.database(), false, false,
               [&](const std::string&, std::int64_t, std::int64_t) {
                 if (++calls == kill_at) kill(getpid(), SIGKILL);
               },
               1});
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      CHECK(WIFSIGNALED(status));
      const std::vector<Run> runs = here.store().all();
      CHECK(runs.size() == static_cast<std::size_t>(kill_at));
      for (const Run& run : runs) CHECK(run.parent == run.id - 1);
      CHECK(whole(here));
      const MergeReport rest = merged(here, there);
      CHECK(rest.there_already == kill_at);
      CHECK(dump(here.database()) == dump(at_once.database()));
    }
  }

  TEST_CASE("others write between the slices of a large merge, the same merge too, and nothing comes twice") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    for (int i = 0; i < 4; ++i) there.run(std::to_string(i), i);
    merge({here.database(), there.database(), false, false,
           [&](const std::string&, std::int64_t done, std::int64_t) {
             if (done == 1) here.run("own");
             if (done == 2) merged(here, there);  // as another program might
           },
           1});
    CHECK(here.store().all().size() == 5);
    CHECK(here.store().get(2)->identity == "own");
    CHECK(here.store().get(5)->parent == 4);
    CHECK(whole(here));
  }

  TEST_CASE("a parent that was removed here comes back with its child's next merge") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("segmentor");
    there.run("pretrain", 1);
    merged(here, there);
    here.store().remove(1);
    CHECK(here.store().get(2)->parent == 0);
    merged(here, there);
    CHECK(here.store().get(2)->parent == 3);
  }

  TEST_CASE("a dry run says what would be added and keeps nothing") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a");
    const std::string before = dump(here.database());
    CHECK(merge({here.database(), there.database(), true, true, {}}).added.size() == 1);
    CHECK(dump(here.database()) == before);
    CHECK_FALSE(fs::exists(here.home / merged_folder));
  }

  TEST_CASE("what is still in a spool there comes along") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a", 0, Status::running);
    Spool(there.home / "0001-pretrain").log(10, {{"loss", 0.5}});
    merged(here, there);
    CHECK(here.store().points(1, "loss").size() == 11);
  }

  TEST_CASE("what cannot be merged is refused, each with its own sentence") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    there.run("a");
    const std::string before = dump(here.database());
    const auto refused = [&](const fs::path& from, const char* why) {
      CHECK_THROWS_WITH_AS(merge({here.database(), from, false, false, {}}), doctest::Contains(why), StoreError);
      CHECK(dump(here.database()) == before);
    };
    refused(folder.path() / "none.db", "there is no run database");
    refused(here.database(), "cannot be merged into itself");
    std::ofstream(folder.path() / "notes.txt") << std::string(3000, 'n');
    refused(folder.path() / "notes.txt", "is not a run database");
    {
      std::ifstream whole(there.database(), std::ios::binary);
      std::string bytes{std::istreambuf_iterator<char>(whole), {}};
      std::ofstream(folder.path() / "half.db", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    }
    refused(folder.path() / "half.db", "is damaged");
    Connection(there.database(), SQLITE_OPEN_READWRITE).execute("PRAGMA user_version = 42");
    refused(there.database(), "Merge with the newer VasoLab");
  }

  TEST_CASE("an older database can be merged, and is not changed by it") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk");
    const fs::path old = folder.path() / "old.db";
    {
      Connection connection(old, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
      migrate(connection, migrations().first(2));
      connection.execute(
          "INSERT INTO runs SELECT 7, 'old', 'pretrain', '', 'aa', 'finished', 0, '', '', NULL, '2025', '', '', 'h', "
          "'', "
          "'', '', '', '', 0, 0, 0, 0, 0, 0, '', '', ''; INSERT INTO metrics VALUES (7, 'loss', 0, 0.5)");
    }
    CHECK(merge({here.database(), old, false, false, {}}).added.size() == 1);
    CHECK(here.store().points(1, "loss").size() == 1);
    CHECK(Connection(old, SQLITE_OPEN_READONLY).integer("PRAGMA user_version") == 2);
  }

  TEST_CASE("parts of a study that ran on two machines become one; of plans that disagree the newer stays") {
    const StudyRecord ours = a_study("2026-03-01T10:00:00Z", {0, 1}), theirs = a_study("2026-03-02T10:00:00Z", {2});
    const StudyRecord both = united(ours, theirs);
    CHECK(both.created == theirs.created);
    CHECK(both.seeds == std::vector<std::int64_t>{2, 0, 1});
    CHECK(both.runs.size() == 6);
    CHECK(united(both, theirs).runs.size() == 6);

    StudyRecord changed = a_study("2026-03-03T10:00:00Z", {0});
    changed.runs[0].identity = "other settings";
    CHECK(united(ours, changed).runs.size() == 2);
    CHECK(united(changed, ours).runs.size() == 2);
    StudyRecord wider = a_study("2026-02-01T10:00:00Z", {5});
    wider.cells.push_back({"C", {}, false});
    CHECK(united(ours, wider).seeds == ours.seeds);
  }

  TEST_CASE("studies are merged, twice as once") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    here.store().put_study(a_study("2026-03-01T10:00:00Z", {0, 1}));
    there.store().put_study(a_study("2026-03-02T10:00:00Z", {2}));
    StudyRecord other = a_study("2026-03-02T10:00:00Z", {0});
    other.name = "other";
    there.store().put_study(other);
    const MergeReport report = merged(here, there);
    CHECK(report.studies_added == std::vector<std::string>{"other"});
    CHECK(report.studies_updated == std::vector<std::string>{"ablation"});
    const std::string once = dump(here.database());
    CHECK(merged(here, there).studies_updated.empty());
    CHECK(dump(here.database()) == once);
  }

  TEST_CASE("of two examinations of one plugin the newer stays") {
    const TemporaryFolder folder;
    const Machine here(folder.path() / "here", "desk"), there(folder.path() / "there", "gpu1");
    write_plugin_checks(here.database(), {{"aa", "a", "1", "2026-03-02T10:00:00Z", "0.1", ""},
                                          {"bb", "b", "1", "2026-03-01T10:00:00Z", "0.1", "loss.b: gradient"}});
    write_plugin_checks(there.database(), {{"aa", "a", "1", "2026-03-01T10:00:00Z", "0.1", "loss.a: value"},
                                           {"bb", "b", "1", "2026-03-02T10:00:00Z", "0.1", ""},
                                           {"cc", "c", "1", "2026-03-01T10:00:00Z", "0.1", "loss.c: seeds"}});
    for (int time = 0; time < 2; ++time) {
      merged(here, there);
      const auto checks = read_plugin_checks(here.database());
      REQUIRE(checks.size() == 3);
      CHECK(checks.at("aa").failures.empty());
      CHECK(checks.at("bb").failures.empty());
      CHECK(checks.at("cc").failures == "loss.c: seeds");
    }
  }
}
