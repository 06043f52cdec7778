// A run that was stopped and resumed equals one that was not, bit for bit.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <csignal>

using namespace vaso;
using namespace vaso::tests;

namespace {

struct Uninterrupted {
  std::string weights;
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> series;
};

Uninterrupted run_through(const std::vector<std::string>& settings) {
  const Laboratory lab;
  lab.write("one.toml", stoppable_experiment());
  std::vector<std::string> words = {"run", "one.toml", "--quiet"};
  words.insert(words.end(), settings.begin(), settings.end());
  const Ended ended = lab.vaso(words);
  INFO(ended.text());
  REQUIRE(ended.code == 0);
  const runs::Store store = lab.store();
  const runs::Run run = store.all().back();
  return {bytes_of(run, "encoder.safetensors"), results(store, run.id)};
}

void check_equal(const Laboratory& lab, std::int64_t id, const Uninterrupted& expected) {
  const runs::Store store = lab.store();
  const runs::Run run = *store.get(id);
  CHECK(run.status == runs::Status::finished);
  CHECK(bytes_of(run, "encoder.safetensors") == expected.weights);
  const auto series = results(store, id);
  REQUIRE(series.size() == expected.series.size());
  for (const auto& [name, points] : expected.series) {
    INFO(name);
    CHECK(series.at(name) == points);
  }
}

void kill_and_resume(const std::string& strategy) {
  const std::vector<std::string> settings = {"--set", "masking.strategy=" + strategy};
  const Uninterrupted expected = run_through(settings);
  CHECK(expected.series.at("loss").size() == 12);

  const Laboratory lab;
  lab.write("one.toml", stoppable_experiment());
  std::vector<std::string> words = {"run", "one.toml"};
  words.insert(words.end(), settings.begin(), settings.end());
  const pid_t vaso = lab.start(words);
  const runs::Run run = lab.wait_for_epochs("pretrain", 3);
  REQUIRE(kill(static_cast<pid_t>(run.pid), SIGKILL) == 0);
  const Ended killed = lab.wait(vaso);
  INFO(killed.text());
  CHECK(killed.code == 5);
  const runs::Run after = *lab.store().get(run.id);
  CHECK(after.status == runs::Status::failed);
  CHECK(after.signal == SIGKILL);
  CHECK(after.message.find("SIGKILL") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(run.folder) / "encoder.safetensors"));

  words.push_back("--resume");
  const Ended resumed = lab.vaso(words);
  INFO(resumed.text());
  REQUIRE(resumed.code == 0);
  check_equal(lab, run.id, expected);
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("killed in mid-epoch and resumed, anatomy") { kill_and_resume("anatomy"); }
  TEST_CASE("killed in mid-epoch and resumed, loss_guided") { kill_and_resume("loss_guided"); }
  TEST_CASE("killed in mid-epoch and resumed, attention") { kill_and_resume("attention"); }

  TEST_CASE("Ctrl-C ends in a state that can be resumed") {
    const Uninterrupted expected = run_through({});
    const Laboratory lab;
    lab.write("one.toml", stoppable_experiment());
    const pid_t vaso = lab.start({"run", "one.toml"});
    const runs::Run run = lab.wait_for_epochs("pretrain", 3);
    kill(vaso, SIGINT);
    const Ended stopped = lab.wait(vaso);
    INFO(stopped.text());
    CHECK(stopped.code == 6);
    CHECK(stopped.says("--resume"));
    CHECK(lab.store().get(run.id)->status == runs::Status::interrupted);

    const Ended resumed = lab.vaso({"run", std::to_string(run.id), "--resume"});
    INFO(resumed.text());
    REQUIRE(resumed.code == 0);
    check_equal(lab, run.id, expected);
    CHECK(lab.store().all().size() == 2);  // the same row
  }

  TEST_CASE("a full disk during a checkpoint loses nothing") {
    const std::vector<std::string> settings = {"--set", "model.dim=192", "--set", "model.heads=3",
                                               "--set", "model.depth=4", "--set", "pretrain.epochs=2"};
    const Uninterrupted expected = run_through(settings);
    const Laboratory lab;
    lab.write("one.toml", stoppable_experiment());
    std::vector<std::string> words = {"run", "one.toml"};
    words.insert(words.end(), settings.begin(), settings.end());
    // Files may grow to 4 MiB: enough for the database and the pack, too little for a checkpoint of this model.
    const pid_t vaso = lab.start(words, [] {
      const rlimit limit{4 << 20, 4 << 20};
      setrlimit(RLIMIT_FSIZE, &limit);
      signal(SIGXFSZ, SIG_IGN);  // then write() says so, as on a full disk
    });
    const Ended full = lab.wait(vaso);
    INFO(full.text());
    CHECK(full.code == 5);
    const runs::Run run = lab.store().all().back();
    CHECK(run.status == runs::Status::failed);
    CHECK(run.message.find("checkpoint.safetensors") != std::string::npos);
    for (const auto& entry : std::filesystem::directory_iterator(run.folder)) {
      CHECK_MESSAGE(entry.path().extension() != ".safetensors", entry.path().string() << " is half a file");
    }
    words.push_back("--resume");
    const Ended resumed = lab.vaso(words);
    INFO(resumed.text());
    REQUIRE(resumed.code == 0);
    check_equal(lab, run.id, expected);
  }
}
