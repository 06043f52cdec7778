// Files that extend others, and overrides.
#include "config/tree.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <functional>

using namespace vaso::config;

namespace {

class Files {
 public:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const std::filesystem::path file = folder_.path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

 private:
  vaso::tests::TemporaryFolder folder_;
};

std::vector<Diagnostic> faults_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.diagnostics();
  }
  return {};
}

Diagnostic override_fault(const std::string& assignment) {
  Node root = parse("seed = 1\n[masking]\nratio = 0.5\n", "f");
  const auto faults = faults_of([&] { apply_override(root, assignment); });
  CAPTURE(assignment);
  REQUIRE(faults.size() == 1);
  return faults.front();
}

Node overridden(const std::string& assignment) {
  Node root = parse("seed = 1\n[masking]\nratio = 0.5\n", "f");
  apply_override(root, assignment);
  return root;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a file wins over what it extends, key by key, lists whole") {
    Files files;
    files.write("base/common.toml", "seed = 1\nthreads = 2\n[views]\nmean = [1, 2, 3]\nflip = 0.5\n");
    files.write("base/vit.toml", "extends = 'common.toml'\nseed = 2\n[model]\nencoder = 'vit_ti'\n");
    const auto file = files.write(
        "mine.toml", "extends = ['base/vit.toml', 'base/other.toml']\n[views]\nmean = [9]\n[model]\ndepth = 3\n");
    files.write("base/other.toml", "threads = 4\n");
    const Node root = load(file, {"views.flip=0.25", "model.dim = 64"});
    CHECK(to_json(root) ==
          R"({"model":{"depth":3,"dim":64,"encoder":"vit_ti"},"seed":2,"threads":4,"views":{"flip":0.25,"mean":[9]}})");
    CHECK(root.find("extends") == nullptr);
    CHECK(root.find("seed")->origin.place() == files.path("base/vit.toml").string() + ":2:8");
    CHECK(root.find("threads")->origin.place() == files.path("base/other.toml").string() + ":1:11");
    CHECK(root.find("views.mean")->origin.place() == file.string() + ":3:8");
    CHECK(root.find("model.encoder")->origin.place() == files.path("base/vit.toml").string() + ":4:11");
    CHECK(root.find("views.flip")->origin.place() == "--set views.flip=0.25");
    CHECK(to_toml(root, true).find("flip = 0.25  # --set views.flip=0.25\n") != std::string::npos);
  }

  TEST_CASE("a table replaces a value and a value a table") {
    Files files;
    files.write("base.toml", "a = 1\n[b]\nx = 1\n");
    const auto file = files.write("f.toml", "extends = 'base.toml'\nb = 2\n[a]\ny = 1\n");
    CHECK(to_json(load(file, {})) == R"({"a":{"y":1},"b":2})");
  }

  TEST_CASE("circles are refused with the chain") {
    Files files;
    const auto a = files.write("a.toml", "extends = 'sub/b.toml'\n");
    files.write("sub/b.toml", "extends = [\n  '../c.toml']\n");
    files.write("c.toml", "extends = 'sub/../sub/b.toml'\n");
    const auto faults = faults_of([&] { load(a, {}); });
    REQUIRE(faults.size() == 1);
    const std::string b = files.path("sub/b.toml").string(), c = files.path("c.toml").string();
    CHECK(faults[0].what == "files extend each other in a circle");
    CHECK(faults[0].why == b + " -> " + c + " -> " + b);
    CHECK(faults[0].where.place() == c + ":1:11");
    const auto self = files.write("self.toml", "extends = 'self.toml'\n");
    CHECK(faults_of([&] { load(self, {}); }).size() == 1);
  }

  TEST_CASE("a base shared many times over is read once") {
    Files files;
    files.write("0.toml", "x = 0\n");
    for (int i = 1; i <= 40; ++i) {  // 2^40 readings otherwise
      files.write(fmt::format("{}.toml", i), fmt::format("extends = ['{0}.toml', '{0}.toml']\n", i - 1));
    }
    CHECK(to_json(load(files.path("40.toml"), {})) == R"({"x":0})");
  }

  TEST_CASE("files that cannot be read say why, and where they were named") {
    Files files;
    files.write("quickstart.toml", "");
    const auto missing = faults_of([&] { load(files.path("quikstart.toml"), {}); });
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].why == "No such file or directory");
    CHECK(missing[0].hint == "did you mean `quickstart.toml`?");
    CHECK(faults_of([&] { load(files.path("."), {}); }).at(0).why == "it is a folder");
    CHECK(faults_of([&] { load(files.path("no/such.toml"), {}); }).at(0).hint ==
          "there is no folder " + files.path("no").string() + " either");

    const auto file = files.write("f.toml", "seed = 1\nextends = ['quickstart.tml', 'bad.toml', 3, '']\n");
    files.write("bad.toml", "x = oops\n");
    const auto faults = faults_of([&] { load(file, {"y=[1"}); });
    REQUIRE(faults.size() == 5);  // all of them at once
    CHECK(faults[0].what == "`extends` must be a file or a list of files");
    CHECK(faults[0].where.column == 42);
    CHECK(faults[1].where.column == 45);
    CHECK(faults[2].where.place() == file.string() + ":2:12");
    CHECK(faults[2].hint == "did you mean `quickstart.toml`?");
    CHECK(faults[3].where.place() == files.path("bad.toml").string() + ":1:5");
    CHECK(faults[4].where.file == "--set y=[1");

    files.write("huge.toml", std::string((1 << 20) + 1, '#'));
    CHECK(
        faults_of([&] { load(files.path("huge.toml"), {}); }).at(0).why.starts_with("it has more than 1048576 bytes"));
  }

  TEST_CASE("override values: TOML, else text") {
    struct Case {
      const char *assignment, *json;
    };
    const Case cases[] = {
        {"masking.ratio=0.6", R"({"masking":{"ratio":0.6},"seed":1})"},
        {" masking . ratio = 0.6 ", R"({"masking":{"ratio":0.6},"seed":1})"},
        {"masking.strategy=anatomy", R"({"masking":{"ratio":0.5,"strategy":"anatomy"},"seed":1})"},
        {"masking=plain", R"({"masking":"plain","seed":1})"},
        {"seed=", R"({"masking":{"ratio":0.5},"seed":""})"},
        {"seed='x=y'", R"({"masking":{"ratio":0.5},"seed":"x=y"})"},
        {"seed=x=y", R"({"masking":{"ratio":0.5},"seed":"x=y"})"},
        {"seed=../frames #1", R"({"masking":{"ratio":0.5},"seed":"../frames #1"})"},
        {"seed=5 # five", R"({"masking":{"ratio":0.5},"seed":"5 # five"})"},
        {"seed=2\nevil=3", R"({"masking":{"ratio":0.5},"seed":"2\nevil=3"})"},
        {"seed=2024-01-31", R"({"masking":{"ratio":0.5},"seed":"2024-01-31"})"},
        {"seed=[1, {a = 2}]", R"({"masking":{"ratio":0.5},"seed":[1,{"a":2}]})"},
        {"seed={a = true}", R"({"masking":{"ratio":0.5},"seed":{"a":true}})"},
        {"seed=true", R"({"masking":{"ratio":0.5},"seed":true})"},
        {"\"a=b\".c=1", R"({"a=b":{"c":1},"masking":{"ratio":0.5},"seed":1})"},
    };
    for (const Case& c : cases) {
      CAPTURE(c.assignment);
      CHECK(to_json(overridden(c.assignment)) == c.json);
    }
    CHECK(overridden("seed=[1, {a = 2}]").find("seed.1.a")->origin.place() == "--set seed=[1, {a = 2}]");
  }

  TEST_CASE("wrong overrides") {
    CHECK(override_fault("masking.ratio").what == "`=` is missing");
    CHECK(override_fault("").what == "`=` is missing");
    CHECK(override_fault("=0.6").what == "a key is missing before `=`");
    CHECK(override_fault("a..b=1").what == "`a..b` is no path to a value");
    CHECK(override_fault("seed.x=1").why == "what would hold `x` is integer (1)");
    CHECK(override_fault("seed='a'\nb=1").what == "more than one value");
    CHECK(override_fault("seed=\xff").what == "this is not TOML");
    const Diagnostic fault = override_fault("sêed = [1, oops]");
    CHECK(render(fault, false) ==
          "--set sêed = [1, oops]: error: syntax error in value\n"
          "   | sêed = [1, oops]\n"
          "   |            ^\n"
          "  why:  `oops` is no value\n"
          "  hint: text stands in quotes: \"oops\"\n");
  }
}
