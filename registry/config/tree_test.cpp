#include "config/tree.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace vaso::config;

namespace {

constexpr const char* experiment = R"(name = "quick \"start\" é\n"
seed = 7

[masking]
strategy = "anatomy"
ratio = 0.5
[masking.anatomy]
beta_end = 0.5

[views]
mean = [0.485, 0.456, 0.406]
flip = 1.0

[[loss]]
name = "pixel_reconstruction"
weight = 1e-7
[[loss]]
name = "anatomical_consistency"
[loss.inner]
on = true

[study]
[study.factors]
"masking.strategy" = ["random", "anatomy"]
[empty]
)";

std::vector<std::string> keys(const Node& table) {
  std::vector<std::string> out;
  for (const Entry& entry : table.table()) out.push_back(entry.key);
  return out;
}

Diagnostic fault_of_set(Node& root, std::string_view path) {
  try {
    root.set(path, Node(true, {"here", 0, 0, ""}));
  } catch (const ConfigError& error) {
    return error.diagnostics().front();
  }
  FAIL("set: " << path);
  return {};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a tree keeps the order of the file and the places of keys and values") {
    const Node root = parse(experiment, "e.toml");
    CHECK(keys(root) == std::vector<std::string>{"name", "seed", "masking", "views", "loss", "study", "empty"});
    CHECK(keys(*root.find("masking")) == std::vector<std::string>{"strategy", "ratio", "anatomy"});
    CHECK(root.find("masking.ratio")->origin.place() == "e.toml:6:9");
    CHECK(root.find("masking.ratio")->origin.text == "ratio = 0.5");
    CHECK(root.find("masking")->table()[1].key_origin.place() == "e.toml:6:1");
    CHECK(root.find("views.mean.2")->origin.place() == "e.toml:11:23");
  }

  TEST_CASE("find walks tables, lists by number, and quoted keys") {
    Node root = parse(experiment, "e.toml");
    CHECK(std::get<std::string>(root.find("loss.1.name")->value) == "anatomical_consistency");
    CHECK(std::get<bool>(root.find("loss.1.inner.on")->value));
    CHECK(root.find("study.factors.\"masking.strategy\"")->array().size() == 2);
    CHECK(root.find("study . factors . 'masking.strategy'.0") != nullptr);
    for (const char* nowhere : {"", ".", "masking.", ".masking", "masking.rato", "loss.2", "loss.-1", "loss.1x",
                                "loss.", "seed.x", "views.mean.3", "study.factors.masking.strategy", "\"masking",
                                "masking ratio", "loss.99999999999999999999"}) {
      CAPTURE(nowhere);
      CHECK(root.find(nowhere) == nullptr);
    }
  }

  TEST_CASE("set replaces, makes tables on the way, and refuses what cannot be") {
    Node root = parse(experiment, "e.toml");
    const Origin here{"here", 0, 0, ""};
    root.set("masking.ratio", Node(0.75, here));
    CHECK(std::get<double>(root.find("masking.ratio")->value) == 0.75);
    CHECK(root.find("masking.ratio")->origin.file == "here");
    CHECK(root.find("masking")->table()[1].key_origin.file == "here");
    CHECK(root.find("masking")->table()[0].key_origin.file == "e.toml");
    root.set("guidance.co_guidance.eta", Node(0.5, here));
    CHECK(root.find("guidance.co_guidance.eta") != nullptr);
    root.set("loss.0.weight", Node(2.0, here));
    CHECK(std::get<double>(root.find("loss.0.weight")->value) == 2.0);
    root.set("a.\"b.c\"", Node(std::int64_t{1}, here));
    CHECK(keys(*root.find("a")) == std::vector<std::string>{"b.c"});
    root.set("masking", Node(Node::Table{}, here));
    CHECK(root.find("masking.strategy") == nullptr);

    CHECK(fault_of_set(root, "seed.x").why == "what would hold `x` is integer (7)");
    CHECK(fault_of_set(root, "loss.2.weight").why == "`2` is no element of a list of 2");
    CHECK(fault_of_set(root, "a..b").what == "`a..b` is no path to a value");
    CHECK(fault_of_set(root, "").why == "it is empty");
    CHECK(fault_of_set(root, "a.").why == "a key is missing after `.`");
    CHECK(fault_of_set(root, "a.\"b").why == "a quoted key is not closed");
    std::string deep = "a";
    for (int i = 0; i < 10'000; ++i) deep += ".a";
    CHECK(fault_of_set(root, deep).why == "it has more than 32 levels");
    CHECK(fault_of_set(root, "seed.x").where.file == "here");
  }

  TEST_CASE("type names") {
    const Node root = parse("a = true\nb = 1\nc = 1.0\nd = ''\ne = []\nf = {}\n", "f");
    std::string names;
    for (const Entry& entry : root.table()) names += entry.node.type_name() + " ";
    CHECK(names == "boolean integer number text list table ");
  }

  TEST_CASE("written TOML reads back as the same settings") {
    const Node root = parse(experiment, "e.toml");
    for (const bool with_origins : {false, true}) {
      const std::string text = to_toml(root, with_origins);
      CAPTURE(text);
      const Node again = parse(text, "again");
      CHECK(to_json(again) == to_json(root));
      CHECK(to_toml(again, false) == to_toml(root, false));
    }
    CHECK(to_toml(root, true).find("ratio = 0.5  # e.toml:6:9\n") != std::string::npos);
    CHECK(to_toml(root, false).find('#') == std::string::npos);
  }

  TEST_CASE("awkward values survive") {
    Node root;
    const Origin evil{"--set a=\nb = 1", 0, 0, ""};
    root.set("text", Node(std::string("\x01\x1f\x7f\t\"\\\n\r\b\f é 漢"), evil));
    root.set("\"key with \\\"quotes\\\" and \\u0001\".\"\"", Node(true, evil));
    const std::vector<double> numbers = {0.1,    1e-320, 1.0, 1e21, -0.0, 1e300, std::numeric_limits<double>::max(),
                                         1.0 / 3};
    Node::Array list;
    for (const double number : numbers) list.emplace_back(number, evil);
    list.emplace_back(std::numeric_limits<std::int64_t>::min(), evil);
    list.emplace_back(Node::Table{{"x", evil, Node(true, evil)}, {"y", evil, Node()}}, evil);
    root.set("list", Node(list, evil));
    root.set("none", Node(Node::Array{}, evil));
    root.set("t.u", Node());
    const Node again = parse(to_toml(root, true), "again");
    CHECK(to_json(again) == to_json(root));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      CAPTURE(numbers[i]);
      CHECK(std::get<double>(again.find("list." + std::to_string(i))->value) == numbers[i]);
    }
  }

  TEST_CASE("equal settings give equal JSON whatever their order and spelling") {
    const Node a = parse("seed = 1\n[masking]\nratio = 0.50\nbeta = 1.0\n[data]\nx = [1, 2]\n", "a");
    const Node b = parse("data = {x = [1, 2.0]}\nmasking.beta = 1\nmasking.ratio = 5e-1\nseed = 0x1\n", "b");
    CHECK(to_json(a) == R"({"data":{"x":[1,2]},"masking":{"beta":1,"ratio":0.5},"seed":1})");
    CHECK(to_json(a) == to_json(b));
    CHECK(to_json(parse("a = [1, 2]", "")) != to_json(parse("a = [2, 1]", "")));
    CHECK(to_json(parse("a = 1", "")) != to_json(parse("a = '1'", "")));
    CHECK(to_json(parse("a = -0.0\nb = inf\nc = 1e22\nd = 0.1", "")) == R"({"a":0,"b":"inf","c":1e+22,"d":0.1})");
  }

  TEST_CASE("leaves are the values with their paths") {
    std::vector<std::string> shown;
    for (const Leaf& leaf : leaves(parse(experiment, "e.toml"))) shown.push_back(leaf.path + "=" + leaf.value);
    CHECK(shown == std::vector<std::string>{
                       "name=quick \"start\" é\n", "seed=7", "masking.strategy=anatomy", "masking.ratio=0.5",
                       "masking.anatomy.beta_end=0.5", "views.mean=[0.485, 0.456, 0.406]", "views.flip=1.0",
                       "loss.0.name=pixel_reconstruction", "loss.0.weight=1e-07", "loss.1.name=anatomical_consistency",
                       "loss.1.inner.on=true", "study.factors.\"masking.strategy\"=[\"random\", \"anatomy\"]"});
    CHECK(leaves(parse(experiment, "e.toml"))[3].origin.place() == "e.toml:6:9");
  }
}
