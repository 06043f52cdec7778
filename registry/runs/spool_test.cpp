#include "runs/spool.hpp"

#include "runs/checksum.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmath>
#include <fstream>
#include <limits>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

Run a_running_run(Store& store, const fs::path& folder) {
  fs::create_directories(folder);
  Run run;
  run.status = Status::running;
  run.folder = folder;
  run.id = store.add(run, {}, {});
  return run;
}

void measure(RunLog& log) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 5; ++step) log.log(step, {{"loss", 1.0 / (step + 3)}, {"lr", 1e-3}});
  log.forget_from(3);
  log.log(3, {{"loss", std::nan("")}, {"up", infinity}, {"down", -infinity}});
  log.log_per_image("test.dice", {{"a \"b\".png", 0.1}, {"ä.png", std::nan("")}});
  log.set_convention("test.dice", "over images,\nfrom probabilities > 0.5");
  log.add_artefact({"weights", "w.safetensors", "abc", 6'000'000'000});
}

std::string spooled_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void check_equal(const Store& a, const Store& b) {
  REQUIRE(a.series(1) == b.series(1));
  for (const std::string& series : a.series(1)) {
    const auto x = a.points(1, series), y = b.points(1, series);
    REQUIRE(x.size() == y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(x[i].step == y[i].step);
      CHECK((x[i].value == y[i].value || (std::isnan(x[i].value) && std::isnan(y[i].value))));
    }
  }
  CHECK(a.per_image(1, "test.dice").size() == 2);
  CHECK(a.per_image(1, "test.dice").at("a \"b\".png") == b.per_image(1, "test.dice").at("a \"b\".png"));
  CHECK(std::isnan(a.per_image(1, "test.dice").at("ä.png")));
  CHECK(a.conventions(1) == b.conventions(1));
  CHECK(a.artefacts(1).at(0).bytes == b.artefacts(1).at(0).bytes);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("CRC-32C of RFC 3720, appendix B.4") {
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    CHECK(crc32c("123456789") == 0xe3069283);
  }

  TEST_CASE("what went by way of a spool is what would have been written at once, also when taken up twice") {
    const TemporaryFolder folder;
    Store direct(folder.path() / "direct.db"), by_spool(folder.path() / "spool.db");
    a_running_run(direct, folder.path() / "1");
    Run run = a_running_run(by_spool, folder.path() / "2");
    struct StoreOf : RunLog {
      explicit StoreOf(Store& target) : store(target) {}
      void log(std::int64_t step, const std::map<std::string, double>& values) override { store.log(1, step, values); }
      void forget_from(std::int64_t step) override { store.forget_from(1, step); }
      void log_per_image(const std::string& metric, const std::map<std::string, double>& values) override {
        store.log_per_image(1, metric, values);
      }
      void set_convention(const std::string& metric, const std::string& text) override {
        store.set_convention(1, metric, text);
      }
      void add_artefact(const Artefact& artefact) override { store.add_artefact(1, artefact); }
      Store& store;
    } at_once(direct);
    measure(at_once);
    {
      Spool spool(run.folder);
      measure(spool);
    }
    CHECK(by_spool.series(1).empty());
    CHECK(by_spool.absorb_spool(run) == 10);
    check_equal(direct, by_spool);
    CHECK(by_spool.absorb_spool(run) == 10);  // it still runs: the spool stays
    check_equal(direct, by_spool);
    run.status = Status::finished;
    CHECK(by_spool.absorb_spool(run) == 10);
    CHECK_FALSE(fs::exists(folder.path() / "2" / spool_name));
    CHECK(by_spool.absorb_spool(run) == 0);
    check_equal(direct, by_spool);
  }

  TEST_CASE("a worker that is killed loses no line that it had written") {
    const TemporaryFolder folder;
    int told[2];
    REQUIRE(pipe(told) == 0);
    const pid_t worker = fork();
    if (worker == 0) {
      Spool spool(folder.path());
      for (int step = 0;; ++step) {
        spool.log(step, {{"loss", step}});
        if (write(told[1], &step, sizeof step) != sizeof step) _exit(1);
      }
    }
    close(told[1]);
    int last = 0;
    while (last < 20 && read(told[0], &last, sizeof last) == sizeof last) {
    }
    kill(worker, SIGKILL);
    waitpid(worker, nullptr, 0);
    for (int step = 0; read(told[0], &step, sizeof step) == sizeof step;) last = step;
    close(told[0]);
    const Replayed left = inspect_spool(folder.path());
    CHECK(left.records >= last + 1);
    CHECK(left.records <= last + 2);
    CHECK(left.damaged == 0);
  }

  TEST_CASE("torn and damaged lines") {
    const TemporaryFolder folder;
    Store store(folder.path() / "vaso.db");
    const Run run = a_running_run(store, folder.path() / "run");
    const fs::path file = folder.path() / "run" / spool_name;
    {
      Spool spool(run.folder);
      for (int step = 0; step < 4; ++step) spool.log(step, {{"loss", step}});
    }
    const std::string whole = spooled_text(file);
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {  // whatever a kill leaves, whole lines are read
      std::ofstream(file, std::ios::binary) << whole.substr(0, cut);
      const auto lines = std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
      const Replayed left = inspect_spool(run.folder);
      CHECK(left.damaged == 0);
      const bool only_the_end_of_line_is_missing = cut < whole.size() && whole[cut] == '\n';
      CHECK(left.records == lines + (only_the_end_of_line_is_missing ? 1 : 0));
    }
    std::ofstream(file, std::ios::binary) << whole.substr(0, whole.size() - 5);
    Spool(run.folder).log(9, {{"loss", 9}});  // goes on behind the last whole line
    CHECK(inspect_spool(run.folder).records == 4);
    CHECK(inspect_spool(run.folder).damaged == 0);

    std::string spoiled = whole;
    spoiled[spoiled.find("loss")] = 'b';
    std::ofstream(file, std::ios::binary) << spoiled;
    CHECK(inspect_spool(run.folder).damaged == 1);
    CHECK(store.absorb_spool(run) == 3);
    CHECK(store.points(run.id, "loss").front().step == 1);
  }

  TEST_CASE("VASO_SPOOL decides before the file system does") {
    const TemporaryFolder folder;
    setenv("VASO_SPOOL", "1", 1);
    CHECK(wants_spool(folder.path()));
    setenv("VASO_SPOOL", "0", 1);
    CHECK_FALSE(wants_spool("/no/such/folder"));
    unsetenv("VASO_SPOOL");
    CHECK(wants_spool("/no/such/folder"));  // what cannot be asked counts as remote
  }
}
