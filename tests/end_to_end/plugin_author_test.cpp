// What an author of plugins does, with nothing but an installation: the guide, every kind of component, and an
// experiment of three new components beside ours. Each plugin takes some fifteen seconds to compile.
#include "installation.hpp"

#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("long") {
  TEST_CASE("the guide can be followed to the letter") {
    const tests::Installation vasolab;
    const auto steps =
        tests::guide_steps(tests::source_dir() / "plugins" / "README.md", "From nothing to a measured ablation");
    REQUIRE(steps.size() >= 7);
    std::string commands = "rm -rf \"$HOME/vasolab\"\n";  // the guide installs its own
    for (const tests::GuideStep& step : steps) {
      if (step.file.empty()) {
        commands += "set -x\n" + step.text;
        const tests::Ended ended = vasolab.shell(commands);
        CAPTURE(step.text);
        REQUIRE_MESSAGE(ended.code == 0, ended.text());
        commands = "export PATH=\"$HOME/vasolab/bin:$PATH\"\n";
      } else {
        vasolab.write(step.file, step.text);
      }
    }
    const tests::Ended table = vasolab.shell("vaso table ablation --layout ablation --metric test.dice --format json");
    CHECK_MESSAGE(table.code == 0, table.text());
    CHECK(table.says("checkerboard"));
    CHECK(std::filesystem::exists(vasolab.path("page/index.html")));
  }

  TEST_CASE("a new component of every kind builds, passes its tests and runs") {
    const tests::Installation vasolab;
    for (const std::string kind : {"masking", "guidance", "loss", "objective", "dataset", "head"}) {
      CAPTURE(kind);
      const std::string folder = "own_" + kind;
      const tests::Ended ended = vasolab.shell(
          "vaso plugins new " + kind + " " + folder + "\ncmake -S " + folder + " -B " + folder +
          "/build -DCMAKE_PREFIX_PATH=\"$HOME/vasolab\" -DCMAKE_CXX_FLAGS='-Wall -Wextra'\n" + "cmake --build " +
          folder + "/build\nctest --test-dir " + folder + "/build --output-on-failure --no-tests=error");
      CHECK_MESSAGE(ended.code == 0, ended.text());
      CHECK_FALSE(ended.says("warning:"));
      CHECK_MESSAGE(ended.says("100% tests passed, 0 tests failed out of 2"), ended.text());
      const tests::Ended page =
          vasolab.shell("cd " + folder + "\nvaso plugins docs README.md --plugins build/plugins\ncat README.md");
      CHECK_MESSAGE(page.code == 0, page.text());
    }
  }

  TEST_CASE("three new components beside ours in one study, and its table") {
    const tests::Installation vasolab;
    const tests::Ended built = vasolab.shell(R"(
vaso plugins new masking least_hidden
vaso plugins new loss random_features
vaso plugins new guidance dark_places
for name in least_hidden random_features dark_places; do
  cmake -S $name -B $name/build -DCMAKE_PREFIX_PATH="$HOME/vasolab"
  cmake --build $name/build
  cmake --install $name/build --prefix "$HOME/vasolab"
done
)");
    REQUIRE_MESSAGE(built.code == 0, built.text());
    vasolab.write("mine.toml", tests::tiny_experiment() + R"(
[study]
question = "Are my three components worth anything?"
seeds = [0, 1]

[study.factors.method]
random = { "masking.strategy" = "random" }
anatomy = { "masking.strategy" = "anatomy" }
mine = { "masking.strategy" = "least_hidden" }
mine_guided = { "masking.strategy" = "anatomy", "guidance.source" = "dark_places" }
mine_loss = { "masking.strategy" = "least_hidden", loss = [{ name = "pixel_reconstruction" }, { name = "random_features", weight = 0.1 }] }
)");
    const tests::Ended ran = vasolab.shell("vaso study run mine.toml --workers 2 --quiet");
    REQUIRE_MESSAGE(ran.code == 0, ran.text());
    const tests::Ended table = vasolab.shell("vaso table tiny --metric loss,masked_vessel_share --format csv");
    CHECK_MESSAGE(table.code == 0, table.text());
    for (const char* level : {"random", "anatomy", "mine", "mine_guided", "mine_loss"})
      CHECK_MESSAGE(table.says(level), table.text());
    const tests::Ended resumed = vasolab.shell("vaso study status tiny");
    CHECK_MESSAGE(resumed.code == 0, resumed.text());
    MESSAGE(table.out);
  }
}
