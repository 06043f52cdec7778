// A plugin of the README, built outside this tree against an installation that was moved.
#include "installation.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;
using namespace vaso;

namespace {

bool holds(const fs::path& file, const std::string& words) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a plugin builds against an installation that was moved, runs, and no file knows where it was made") {
    const tests::Installation vasolab;
    const std::vector<tests::GuideStep> steps =
        tests::guide_steps(tests::source_dir() / "README.md", "Writing a plugin");
    std::string source, lists;
    for (const tests::GuideStep& step : steps) {
      if (step.file.ends_with("band.cpp")) source = step.text;
      if (step.file == "CMakeLists.txt") lists = step.text;  // the later one, for outside
    }
    REQUIRE(source.find("VASO_PLUGIN(") != std::string::npos);
    REQUIRE(lists.find("find_package(VasoLab") != std::string::npos);
    vasolab.write("band/band.cpp", source);
    vasolab.write("band/CMakeLists.txt", lists);
    const tests::Ended built = vasolab.shell(
        "cmake -S band -B band/build -DCMAKE_PREFIX_PATH=\"$HOME/vasolab\"\n"
        "cmake --build band/build");
    REQUIRE_MESSAGE(built.code == 0, built.text());
    CHECK_FALSE(built.says("warning"));

    const tests::Ended listed = vasolab.shell("vaso plugins ls --plugins band/build/plugins");
    CHECK(listed.code == 0);
    CHECK(listed.says("masking.band"));
    CHECK(listed.says("masking.anatomy"));
    CHECK_FALSE(listed.says("refused"));

    vasolab.write("tiny.toml", tests::tiny_experiment());
    const tests::Ended ran = vasolab.shell(
        "vaso run tiny.toml --plugins band/build/plugins --quiet --set 'phases=[\"pretrain\"]' "
        "--set masking.strategy=band --set guidance.source=frangi");
    CHECK_MESSAGE(ran.code == 0, ran.text());
    const tests::Ended shown = vasolab.shell("vaso show 1");
    CHECK_MESSAGE(shown.says("masking.band"), shown.text());

    // Installed by itself, it is found without being named.
    const tests::Ended installed =
        vasolab.shell("cmake --install band/build --prefix \"$HOME/vasolab\"\nvaso plugins ls");
    CHECK_MESSAGE(installed.says("masking.band"), installed.text());

    // The experiments that come with it are found from anywhere.
    const tests::Ended dry = vasolab.shell("vaso run experiments/quickstart.toml --dry-run");
    CHECK_MESSAGE(dry.code == 0, dry.text());

    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(vasolab.prefix())) {
      if (!entry.is_regular_file()) continue;
      CAPTURE(entry.path());
      for (const fs::path& place : {fs::absolute(tests::source_dir()), fs::absolute(tests::build_dir()),
                                    vasolab.installed_at(), vasolab.prefix(), vasolab.path("band")})
        CHECK_MESSAGE(!holds(entry.path(), place.string()), place);
    }
  }
}
