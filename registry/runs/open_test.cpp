#include "runs/open.hpp"
#include "runs/plugin_checks.hpp"

#include "runs/file_system.hpp"
#include "runs/migrations.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>
#include <functional>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

constexpr int steps = 20;  // of the run in with_one_run
constexpr int create = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// doctest::String, which doctest::Contains compares with.
doctest::String complaint_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "none";
}

doctest::String complaint_of_opening(const fs::path& file, Store::Mode mode = Store::Mode::read_write) {
  return complaint_of([&] { const Store store(file, mode); });
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// A child without root's right to read and write everything; what it returns is its complaint.
doctest::String as_nobody(const std::function<doctest::String()>& action, const fs::path& answer) {
  const pid_t child = fork();
  if (child == 0) {
    std::ofstream stream(answer);
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(1);
    try {
      stream << action().c_str();
    } catch (const std::exception& error) {
      stream << error.what();
    }
    stream.close();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  return contents(answer).c_str();
}

fs::path with_one_run(const TemporaryFolder& folder) {
  const fs::path file = folder.path() / "runs.sqlite";
  Store store(file);
  const auto run = store.add({}, {}, {{"masking.ratio", "0.5"}});
  for (int step = 0; step < steps; ++step) {
    std::map<std::string, double> values = {{"loss", step}};
    for (int i = 0; i < 19; ++i) values.emplace(fmt::format("another series {}", i), 0.5);
    store.log(run, step, values);
  }
  return file;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a fresh file gets our mark, our version, strict tables and a write-ahead log") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "runs.sqlite";
    std::ofstream(file).close();  // an empty file is a fresh one
    { const Store store(file); }
    Connection connection(file, SQLITE_OPEN_READONLY);
    CHECK(connection.integer("PRAGMA application_id") == 0x5641534F);
    CHECK(connection.integer("PRAGMA user_version") == static_cast<int>(migrations().size()));
    CHECK(connection.integer("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                             "AND name NOT LIKE 'sqlite_%' AND NOT strict") == 0);
    CHECK(connection.integer("SELECT wr FROM pragma_table_list WHERE name = 'metrics'") == 1);
    CHECK(connection.integer("PRAGMA foreign_keys") == 1);
    if (on_local_disk(folder.path())) CHECK(connection.text("PRAGMA journal_mode") == "wal");
  }

  TEST_CASE("opening a current database writes nothing") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    const std::string before = contents(file);
    { const Store store(file); }
    { const Store store(file, Store::Mode::read_only); }
    CHECK(contents(file) == before);
    CHECK_FALSE(fs::exists(file.string() + "-wal"));  // emptied and removed by the last to close
  }

  TEST_CASE("the log is moved into the file on closing, though a reader stays") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "runs.sqlite";
    { const Store store(file); }
    const Store reader(file, Store::Mode::read_only);
    {
      Store writer(file);
      writer.add({}, {}, {});
    }
    fs::copy_file(file, folder.path() / "copy.sqlite");
    CHECK(Store(folder.path() / "copy.sqlite", Store::Mode::read_only).all().size() == 1);
  }

  TEST_CASE("off local disks: rollback journal, though the file was in WAL mode") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    Connection connection(file, create);
    identify(connection);
    CHECK(choose_journal(connection, false) == "truncate");
    CHECK(connection.text("PRAGMA journal_mode") == "truncate");
    CHECK(connection.integer("PRAGMA synchronous") == 2);
    CHECK(choose_journal(connection, true) == "wal");
    CHECK(connection.integer("PRAGMA synchronous") == 2);
  }

  TEST_CASE("only file systems of this machine count as local") {
    CHECK(is_local(0xEF53));            // ext4
    CHECK(is_local(0x58465342));        // XFS
    CHECK_FALSE(is_local(0x6969));      // NFS
    CHECK_FALSE(is_local(0x0BD00BD0));  // Lustre
    CHECK_FALSE(is_local(0x47504653));  // GPFS
    CHECK_FALSE(is_local(0xFF534D42));  // CIFS
    CHECK_FALSE(is_local(0x65735546));  // FUSE
    CHECK_FALSE(on_local_disk("/no/such/folder"));
  }

  TEST_CASE("a newer database can be read; a write names both versions") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    Connection(file, create).execute("PRAGMA user_version = 42");
    const std::string before = contents(file);
    {
      Store store(file);
      CHECK(store.read_only());
      CHECK(store.all().size() == 1);
      const std::string both = fmt::format("database version 42, this VasoLab knows version {}", migrations().size());
      for (const auto& message :
           {complaint_of([&] { store.add({}, {}, {}); }), complaint_of([&] { store.update({}); }),
            complaint_of([&] { store.update_if(Status::running, {}); }), complaint_of([&] {
              store.log(1, 1, {{"loss", 1}});
            }),
            complaint_of([&] { store.forget_from(1, 0); }), complaint_of([&] { store.log_per_image(1, "dice", {}); }),
            complaint_of([&] { store.add_artefact(1, {}); })}) {
        CHECK(message == doctest::Contains(both.c_str()));
        CHECK(message == doctest::Contains("Use the newer VasoLab"));
      }
    }
    CHECK(contents(file) == before);
  }

  TEST_CASE("a store opened for reading refuses writes") {
    const TemporaryFolder folder;
    Store store(with_one_run(folder), Store::Mode::read_only);
    CHECK(complaint_of([&] { store.log(1, 1, {{"loss", 1}}); }) == doctest::Contains("opened for reading only"));
  }

  TEST_CASE("an old database is read without being changed, as if it had today's tables") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "old.sqlite";
    {
      Connection connection(file, create);
      identify(connection);
      choose_journal(connection, true);
      migrate(connection, migrations().first(1));
      connection.execute(
          "INSERT INTO runs SELECT 7, 'old', 'pretrain', '', 'aa', 'finished', 0, '', '', NULL, '', '', '', '', '', "
          "'', "
          "'', '', '', 0, 0, 0, 0, 0, 0, '', '', ''; INSERT INTO metrics VALUES (7, 'loss', 0, 0.5)");
    }
    const std::string before = contents(file);
    const Store store(file, Store::Mode::read_only);
    CHECK(store.file() == file);
    REQUIRE(store.all().size() == 1);
    CHECK(store.all()[0].experiment == "old");
    CHECK(store.all()[0].resumed == 0);
    CHECK(store.conventions(7).empty());
    CHECK(store.studies().empty());
    CHECK(store.points(7, "loss").size() == 1);
    CHECK(contents(file) == before);
    CHECK(read_plugin_checks(file).empty());
    CHECK_FALSE(fs::exists(fmt::format("{}.before-v{}", file.string(), migrations().size())));
  }

  TEST_CASE("each kind of wrong file has its own sentence") {
    const TemporaryFolder folder;
    const auto read_only = Store::Mode::read_only;

    const fs::path none = folder.path() / "none.sqlite";
    CHECK(complaint_of_opening(none, read_only) == doctest::Contains("there is no run database"));
    CHECK_FALSE(fs::exists(none));
    CHECK(complaint_of_opening(folder.path()) == doctest::Contains("is a folder"));

    const fs::path empty = folder.path() / "empty.sqlite";
    std::ofstream(empty).close();
    CHECK(complaint_of_opening(empty, read_only) == doctest::Contains("is empty"));

    const fs::path text = folder.path() / "notes.txt";
    std::ofstream(text) << std::string(5000, 'n');
    CHECK(complaint_of_opening(text) == doctest::Contains("is not a run database"));
    CHECK(complaint_of_opening(text, read_only) == doctest::Contains("is not a run database"));
    CHECK(contents(text) == std::string(5000, 'n'));
    CHECK(complaint_of_opening(text / "runs.sqlite") == doctest::Contains("cannot make the folder"));

    const fs::path foreign = folder.path() / "foreign.sqlite";
    Connection(foreign, create).execute("CREATE TABLE theirs (x)");
    const std::string before = contents(foreign);
    CHECK(complaint_of_opening(foreign) == doctest::Contains("of another program"));
    CHECK(complaint_of_opening(foreign, read_only) == doctest::Contains("of another program"));
    CHECK(contents(foreign) == before);
  }

  TEST_CASE("a truncated or overwritten database is called damaged, with a cure") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    const std::string whole = contents(file);
    const auto read_all = [&](const std::string& bytes) {
      std::ofstream(file, std::ios::binary) << bytes;
      return complaint_of([&] {
        const Store store(file, Store::Mode::read_only);
        for (const Run& run : store.all()) {
          store.settings(run.id);
          store.points(run.id, "loss");
        }
      });
    };
    CHECK(read_all(whole) == "none");
    CHECK(read_all(whole.substr(0, whole.size() / 2)) == doctest::Contains("is damaged"));
    std::string overwritten = whole;
    std::fill(overwritten.begin() + 4096, overwritten.end(), '\x5a');
    CHECK(read_all(overwritten) == doctest::Contains(".recover"));
    CHECK(read_all(whole.substr(0, 50)) == doctest::Contains("is damaged"));
    CHECK(read_all("\n" + whole) == doctest::Contains("is not a run database"));
  }

  TEST_CASE("files and folders of other people") {
    const TemporaryFolder folder;
    const TemporaryFolder answers;
    const fs::path file = with_one_run(folder);
    const fs::path answer = answers.path() / "answer";
    fs::permissions(file, fs::perms(0444));
    fs::permissions(folder.path(), fs::perms(0555));

    // In WAL mode, in a folder where the shared memory file cannot be made: read as it stands.
    CHECK(as_nobody([&] { return doctest::toString(Store(file, Store::Mode::read_only).all().size()); }, answer) ==
          "1");
    CHECK(as_nobody(
              [&] {
                Store store(file);
                return complaint_of([&] { store.add({}, {}, {}); });
              },
              answer) == doctest::Contains("you may not write"));
    CHECK(as_nobody([&] { return complaint_of_opening(folder.path() / "new.sqlite"); }, answer) ==
          doctest::Contains("cannot open the run database"));
    CHECK(as_nobody([&] { return complaint_of_opening(folder.path() / "new" / "runs.sqlite"); }, answer) ==
          doctest::Contains("Permission denied"));
    fs::permissions(file, fs::perms(0));
    CHECK(as_nobody([&] { return complaint_of_opening(file, Store::Mode::read_only); }, answer) ==
          doctest::Contains("Permission denied"));
    fs::permissions(folder.path(), fs::perms(0755));
  }

  TEST_CASE("a full disk loses this write and nothing else") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    Connection connection(file, create);
    connection.execute("PRAGMA max_page_count = 1");  // SQLite's own stand-in: not above the present size
    const doctest::String complaint = complaint_of([&] {
      Transaction transaction(connection);
      Statement insert = connection.prepare("INSERT INTO settings VALUES (1, :path, :value)");
      for (int i = 0; i < 1000; ++i)
        insert.bind(":path", std::to_string(i)).bind(":value", std::string(1000, 'v')).run();
      transaction.commit();
    });
    CHECK(complaint == doctest::Contains("is full"));
    CHECK(connection.integer("SELECT count(*) FROM settings") == 1);
    CHECK(connection.integer("SELECT count(*) FROM metrics") == steps * 20);
  }

  TEST_CASE("an old database is copied, then migrated whole or not at all") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "old.sqlite";
    const char* const migration[] = {"CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)",
                                     "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 5",
                                     "CREATE TABLE b (z INTEGER) STRICT; CREATE TABLE a (clash)"};
    Connection connection(file, create);
    migrate(connection, std::span(migration, 1));
    CHECK_FALSE(fs::exists(file.string() + ".before-v1"));  // there was nothing to copy
    migrate(connection, std::span(migration, 2));
    CHECK(connection.integer("PRAGMA user_version") == 2);
    CHECK(connection.integer("SELECT y FROM a") == 5);

    Connection copy(file.string() + ".before-v2", SQLITE_OPEN_READONLY);
    CHECK(copy.integer("PRAGMA user_version") == 1);
    CHECK(copy.integer("SELECT count(*) FROM pragma_table_info('a')") == 1);
    CHECK(copy.integer("SELECT x FROM a") == 1);

    CHECK_THROWS_AS(migrate(connection, migration), StoreError);
    CHECK(connection.integer("PRAGMA user_version") == 2);
    CHECK(connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'b'") == 0);
  }

  TEST_CASE("a reader undoes what a program left half written when it was killed") {
    const TemporaryFolder folder;
    const fs::path file = with_one_run(folder);
    const fs::path left = folder.path() / "left.sqlite";
    {
      Connection connection(file, create);
      identify(connection);
      choose_journal(connection, false);
      connection.execute("PRAGMA cache_spill = 1; PRAGMA cache_size = 1");  // writes into the file before the commit
      connection.execute("BEGIN IMMEDIATE; UPDATE metrics SET value = value + 1");
      fs::copy_file(file, left);
      fs::copy_file(file.string() + "-journal", left.string() + "-journal");
    }
    const TemporaryFolder answers;
    fs::permissions(left, fs::perms(0444));
    fs::permissions(folder.path(), fs::perms(0555));
    // Who may not undo it must not be shown it either.
    CHECK(as_nobody([&] { return complaint_of_opening(left, Store::Mode::read_only); }, answers.path() / "answer") ==
          doctest::Contains("you may not write"));
    fs::permissions(folder.path(), fs::perms(0755));
    fs::permissions(left, fs::perms(0644));
    const Store store(left, Store::Mode::read_only);
    const auto loss = store.points(1, "loss");
    REQUIRE(loss.size() == steps);
    for (const Point& point : loss) CHECK(point.value == static_cast<double>(point.step));
  }

  TEST_CASE("names that mean something in a URI are plain names here") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "runs of 50%?#1.sqlite";
    { const Store store(file); }
    CHECK(fs::exists(file));
    const Connection immutable(file, SQLITE_OPEN_READONLY, true);
    CHECK(immutable.read_only());
  }
}
