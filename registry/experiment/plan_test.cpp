#include "experiment/plan.hpp"
#include "experiment/downstream.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::experiment;
using config::parse;

namespace {

std::vector<std::string> labels(const std::string& toml) {
  std::vector<std::string> out;
  for (const Cell& cell : expand(parse(toml, "f.toml"))) out.push_back(cell.label());
  return out;
}

constexpr const char* quick = R"(
name = "quick"
seed = 3
device = "cpu"
phases = ["segmentor", "pretrain"]
plugins = ["x"]
[data]
dataset = "phantom"
[views]
flip = 0.5
[guidance]
filter = "mix"
source = "co_guidance"
eta = 0.5
[guidance.mix]
sources = ["frangi"]
[guidance.frangi]
scales = [1, 2]
[guidance.sato]
scales = [3]
[segmentor]
epochs = 2
[pretrain]
epochs = 2
[masking]
strategy = "random"
ratio = 0.5
[study]
seeds = [1]
)";

// The identity after one change, for comparison with that of the experiment as it stands.
std::string identity_with(const std::string& change, const std::string& phase) {
  config::Node root = parse(quick, "f.toml");
  if (!change.empty()) config::apply_override(root, change);
  return identity(root, phase, "data", {{"a", "1", "a.so", "digest"}}, "parent");
}

bool changes(const std::string& change, const std::string& phase) {
  return identity_with(change, phase) != identity_with("", phase);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("without a study there is one cell") {
    const auto cells = expand(parse("seed = 1\n", "f.toml"));
    REQUIRE(cells.size() == 1);
    CHECK(cells[0].label() == "");
    CHECK(config::to_json(cells[0].tree) == R"({"seed":1})");
    CHECK(labels("seed = 1\n[study]\nseeds = []\n") == std::vector<std::string>{""});
  }

  TEST_CASE("the grid runs over the factors in the order of the file, seeds fastest") {
    CHECK(labels("[study]\nseeds = [1, 2]\n[study.factors]\n\"masking.strategy\" = ['random', 'anatomy']\n"
                 "\"data.limit\" = [8]\n") == std::vector<std::string>{"masking.strategy=random data.limit=8 seed=1",
                                                                       "masking.strategy=random data.limit=8 seed=2",
                                                                       "masking.strategy=anatomy data.limit=8 seed=1",
                                                                       "masking.strategy=anatomy data.limit=8 seed=2"});
    CHECK(labels("[study.factors]\nb = [1, 2]\na = [0.5, true]\n") ==
          std::vector<std::string>{"b=1 a=0.5", "b=1 a=true", "b=2 a=0.5", "b=2 a=true"});
    CHECK(labels("[study]\nseeds = [5]\n") == std::vector<std::string>{"seed=5"});
    CHECK(labels("[study.factors]\na = ['x y', '', [1, 2]]\n") ==
          std::vector<std::string>{"a=\"x y\"", "a=\"\"", "a=\"[1, 2]\""});
  }

  TEST_CASE("levels stand in the trees, with their places, and the study does not") {
    const auto cells =
        expand(parse("seed = 0\n[masking]\nstrategy = 'random'\nratio = 0.5\n[study]\nseeds = [7]\n[study.factors]\n"
                     "\"masking.strategy\" = ['random', 'anatomy']\n\"guidance.frangi.c\" = [1]\n",
                     "f.toml"));
    REQUIRE(cells.size() == 2);
    CHECK(config::to_json(cells[1].tree) ==
          R"({"guidance":{"frangi":{"c":1}},"masking":{"ratio":0.5,"strategy":"anatomy"},"seed":7})");
    CHECK(cells[1].tree.find("masking.strategy")->origin.place() == "f.toml:8:33");
    CHECK(cells[1].tree.find("seed")->origin.place() == "f.toml:6:10");
    CHECK(cells[1].tree.find("masking.ratio")->origin.place() == "f.toml:4:9");
    CHECK(cells[1].cell == 1);
    CHECK(cells[1].seed == 7);
  }

  TEST_CASE("what a phase depends on") {
    const config::Node root = parse(quick, "f.toml");
    CHECK(config::to_json(relevant(root, "segmentor")) ==
          R"({"data":{"dataset":"phantom"},"device":"cpu","guidance":{"filter":"mix","frangi":{"scales":[1,2]},)"
          R"("mix":{"sources":["frangi"]}},"seed":3,"segmentor":{"epochs":2},"views":{"flip":0.5}})");
    const config::Node pretrain = relevant(root, "pretrain");
    for (const char* key : {"name", "phases", "plugins", "study"}) CHECK(pretrain.find(key) == nullptr);
    for (const char* key : {"seed", "masking.ratio", "guidance.sato", "guidance.eta", "data.dataset"}) {
      CHECK(pretrain.find(key) != nullptr);
    }
    // Where the filter is not named, it is the default one.
    CHECK(relevant(parse("[guidance.frangi]\nx = 1\n", ""), "segmentor").find("guidance.frangi.x") != nullptr);
    CHECK_THROWS_AS(relevant(root, "evaluate"), std::invalid_argument);
  }

  TEST_CASE("identity changes with what matters and with nothing else") {
    for (const char* change :
         {"seed=4", "threads=1", "precision=bf16", "device=cuda", "data.limit=4", "views.flip=0.25",
          "guidance.filter=sato", "guidance.mix.x=1", "guidance.frangi.scales=[1]", "segmentor.epochs=3"}) {
      CAPTURE(change);
      CHECK(changes(change, "segmentor"));
      CHECK(changes(change, "pretrain"));
    }
    for (const char* change : {"masking.ratio=0.75", "masking.strategy=anatomy", "guidance.eta=0.25",
                               "guidance.source=frangi", "guidance.sato.scales=[1]", "model.depth=2"}) {
      CAPTURE(change);
      CHECK_FALSE(changes(change, "segmentor"));
      CHECK(changes(change, "pretrain"));
    }
    for (const char* change :
         {"name=other", "phases=[]", "plugins=[]", "study.seeds=[2]", "views.flip=0.50", "data.workers=7",
          "pretrain.pictures=0", "pretrain.checkpoint_minutes=1", "downstream.vessels.epochs=3"}) {
      CAPTURE(change);
      CHECK_FALSE(changes(change, "segmentor"));
      CHECK_FALSE(changes(change, "pretrain"));
    }
    CHECK(identity_with("", "segmentor") != identity_with("", "pretrain"));
  }

  TEST_CASE("a fine-tuning depends on its task, the encoder and little else") {
    config::Node cell = parse(quick, "f.toml");
    config::apply_override(cell, "downstream.vessels.epochs=3");
    config::apply_override(cell, "downstream.vessels.pictures=3");
    config::apply_override(cell, "downstream.vessels.test_pictures=0");
    config::apply_override(cell, "downstream.stenosis.epochs=4");
    config::apply_override(cell, "model.dim=64");
    CHECK_THROWS_AS(relevant(cell, "finetune"), std::invalid_argument);  // which of the two?
    CHECK(config::to_json(relevant(with_task(cell, "vessels"), "finetune")) ==
          R"({"device":"cpu","downstream":{"epochs":3,"task":"vessels"},"model":{"dim":64},"seed":3,"views":{}})");
  }

  TEST_CASE("identity: order of keys and plugins is nothing, data, digests and parent are everything") {
    const config::Node a = parse("seed = 1\nmasking = {ratio = 0.5, beta = 1.0}\n", "a");
    const config::Node b = parse("[masking]\nbeta = 1\nratio = 0.50\n[seed_]\n", "b");
    config::Node reordered = b;
    reordered.set("seed", config::Node(std::int64_t{1}, {}));
    std::erase_if(reordered.table(), [](const config::Entry& entry) { return entry.key == "seed_"; });
    const runs::PluginUsed first{"masking.random", "1", "x.so", "aa"}, second{"loss.pixel", "1", "y.so", "bb"};
    const std::string base = identity(a, "pretrain", "data", {first, second}, "parent");
    CHECK(base.size() == 64);
    CHECK(identity(reordered, "pretrain", "data", {second, first}, "parent") == base);
    CHECK(identity(b, "pretrain", "data", {first, second}, "parent") != base);
    CHECK(identity(a, "pretrain", "other", {first, second}, "parent") != base);
    CHECK(identity(a, "pretrain", "data", {first}, "parent") != base);
    CHECK(identity(a, "pretrain", "data", {first, second}, "") != base);
    runs::PluginUsed moved = first;
    moved.file = "elsewhere/x.so";
    CHECK(identity(a, "pretrain", "data", {moved, second}, "parent") == base);
  }
}
