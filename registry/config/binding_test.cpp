#include "config/binding.hpp"
#include "config/tree.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace vaso;
using namespace vaso::config;

namespace {

struct Parameters {
  bool bug = false;
  std::int64_t epochs = 800;
  double ratio = 0.5;
  double weight = 1;
  std::string device = "auto";
  std::string weights;
  std::vector<double> betas = {0.9, 0.95};
  std::vector<std::int64_t> seeds;
  std::vector<std::string> phases = {"pretrain"};
  std::vector<std::string> plugins;
  void describe(Schema& s) {
    s.field(bug, "bug", "as the released code does");
    s.field(epochs, "epochs", "passes over the data").at_least(1);
    s.field(ratio, "ratio", "share of patches hidden").range(0.05, 0.95);
    s.field(weight, "weight", "of the loss").unit("mm");
    s.field(device, "device", "where to compute").choices({"auto", "cpu", "cuda"});
    s.field(weights, "weights", "what to start from").path();
    s.field(betas, "betas", "AdamW's").range(0, 1).length(2);
    s.field(seeds, "seeds", "to repeat with");
    s.field(phases, "phases", "what to run").choices({"segmentor", "pretrain"});
    s.field(plugins, "plugins", "where plugins are").path();
  }
};

struct Bound {
  Parameters parameters;
  std::set<std::string> used;
  std::vector<Diagnostic> faults;
};

Bound bound(const Node& root) {
  Bound out;
  Schema schema;
  out.parameters.describe(schema);
  config::bind(root, schema, "pretrain", out.used, out.faults);
  return out;
}

Bound bound(const std::string& toml) { return bound(parse(toml, "f.toml")); }

Diagnostic fault_of(const std::string& toml) {
  CAPTURE(toml);
  const Bound out = bound(toml);
  REQUIRE(out.faults.size() == 1);
  return out.faults.front();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("values reach their fields") {
    const Bound out = bound(
        "bug = true\nepochs = 3\nratio = 0.75\nweight = 2\ndevice = 'cpu'\nbetas = [0, 0.5]\nseeds = [3, 4]\n"
        "phases = ['segmentor', 'pretrain']\nweights = ''\n");
    CHECK(out.faults.empty());
    CHECK(out.parameters.bug);
    CHECK(out.parameters.epochs == 3);
    CHECK(out.parameters.ratio == 0.75);
    CHECK(out.parameters.weight == 2.0);  // an integer is a number
    CHECK(out.parameters.device == "cpu");
    CHECK(out.parameters.betas == std::vector<double>{0, 0.5});
    CHECK(out.parameters.seeds == std::vector<std::int64_t>{3, 4});
    CHECK(out.parameters.phases == std::vector<std::string>{"segmentor", "pretrain"});
    CHECK(out.used.size() == 10);
  }

  TEST_CASE("what is not set keeps its default, what is at fault too") {
    CHECK(bound("").parameters.betas == std::vector<double>{0.9, 0.95});
    CHECK(bound("").faults.empty());
    CHECK(bound("betas = [0.5, 7]\nepochs = 0\n").parameters.betas == std::vector<double>{0.9, 0.95});
    CHECK(bound("betas = [0.5, 7]\nepochs = 0\n").parameters.epochs == 800);
    CHECK(bound("betas = [0.5, 7]\nepochs = 0\n").faults.size() == 2);
    CHECK(bound("seeds = []\n").faults.empty());
  }

  TEST_CASE("wrong types say what was found, what is wanted, and show an example") {
    struct Case {
      const char *toml, *what, *hint;
    };
    const Case cases[] = {
        {"ratio = 'half'", "`ratio` must be a number, not the text \"half\"", "for example `ratio = 0.5`"},
        {"ratio = '0.6'", "`ratio` must be a number, not the text \"0.6\"", "without quotes: 0.6"},
        {"ratio = true", "`ratio` must be a number, not true", "for example `ratio = 0.5`"},
        {"ratio = [0.5]", "`ratio` must be a number, not the list [0.5]", "for example `ratio = 0.5`"},
        {"[ratio]", "`ratio` must be a number, not a table", "for example `ratio = 0.5`"},
        {"epochs = 3.0", "`epochs` must be an integer, not the number 3.0", "without a point: 3"},
        {"epochs = 3.5", "`epochs` must be an integer, not the number 3.5", "for example `epochs = 800`"},
        {"epochs = '3'", "`epochs` must be an integer, not the text \"3\"", "without quotes: 3"},
        {"epochs = '3.5'", "`epochs` must be an integer, not the text \"3.5\"", "for example `epochs = 800`"},
        {"bug = 1", "`bug` must be true or false, not the integer 1", "for example `bug = false`"},
        {"bug = 'true'", "`bug` must be true or false, not the text \"true\"", "without quotes: true"},
        {"bug = 'True'", "`bug` must be true or false, not the text \"True\"",
         "write true, in small letters and without quotes"},
        {"device = 1", "`device` must be a text, not the integer 1", "for example `device = \"auto\"`"},
        {"weights = 1", "`weights` must be a text, not the integer 1", "for example `weights = \"text\"`"},
        {"phases = 'segmentor'", "`phases` must be a list of texts, not the text \"segmentor\"",
         "for example `phases = [\"segmentor\"]`"},
        {"phases = 3", "`phases` must be a list of texts, not the integer 3", "for example `phases = [\"pretrain\"]`"},
        {"seeds = 3", "`seeds` must be a list of integers, not the integer 3", "for example `seeds = [3]`"},
        {"seeds = [1, 2.5]", "element 2 of `seeds` must be an integer, not the number 2.5",
         "for example `seeds = [1]`"},
        {"betas = [0.9, 'x']", "element 2 of `betas` must be a number, not the text \"x\"",
         "for example `betas = [0.9, 0.95]`"},
    };
    for (const Case& c : cases) {
      const Diagnostic fault = fault_of(c.toml);
      CHECK(fault.what == c.what);
      CHECK(fault.hint == c.hint);
      CHECK(fault.where.line == 1);
    }
    const std::string cut = fault_of("ratio = '" + std::string(57, 'x') + "éééé'").what;
    CHECK(cut == "`ratio` must be a number, not the text \"" + std::string(57, 'x') + "é…");
    CHECK(fault_of("ratio = 'half'").why == "pretrain.ratio: share of patches hidden");
    CHECK(fault_of("weight = 'half'").why == "pretrain.weight: of the loss [mm]");
    CHECK(fault_of("betas = [0.9, 'x']").where.column == 15);
  }

  TEST_CASE("ranges, choices, lengths") {
    CHECK(fault_of("ratio = 1").what == "`ratio` must be between 0.05 and 0.95, not 1");
    CHECK(fault_of("ratio = 0.04").what == "`ratio` must be between 0.05 and 0.95, not 0.04");
    CHECK(bound("ratio = 0.05").faults.empty());
    CHECK(bound("ratio = 0.95").faults.empty());
    CHECK(fault_of("epochs = 0").what == "`epochs` must be at least 1, not 0");
    CHECK(fault_of("epochs = -9223372036854775808").what == "`epochs` must be at least 1, not -9223372036854775808");
    CHECK(fault_of("betas = [0.9, 1.5]").what == "element 2 of `betas` must be between 0 and 1, not 1.5");
    CHECK(fault_of("betas = [0.9]").what == "`betas` must have 2 elements, not 1");
    CHECK(fault_of("betas = [0.9]").hint == "for example `betas = [0.9, 0.95]`");
    CHECK(fault_of("betas = [0.1, 0.2, 0.3]").what == "`betas` must have 2 elements, not 3");
    CHECK(fault_of("betas = []").what == "`betas` must have 2 elements, not 0");
    CHECK(fault_of("weight = nan").what == "`weight` must be a finite number, not nan");
    CHECK(fault_of("weight = -inf").what == "`weight` must be a finite number, not -inf");
    CHECK(fault_of("betas = [inf, 0.5]").what == "element 1 of `betas` must be a finite number, not inf");
    CHECK(fault_of("device = 'cda'").what == "`device` cannot be \"cda\"");
    CHECK(fault_of("device = 'cda'").why == "it is one of: auto, cpu, cuda");
    CHECK(fault_of("device = 'cda'").hint == "did you mean `cuda`?");
    CHECK(fault_of("phases = ['finetune']").what == "the element of `phases` cannot be \"finetune\"");
  }

  TEST_CASE("paths begin at the file that sets them and become absolute") {
    const tests::TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() / "experiments");
    std::filesystem::create_directories(folder.path() / "weights");
    std::ofstream(folder.path() / "weights" / "s.safetensors") << "x";
    const std::string file = (folder.path() / "experiments" / "e.toml").string();
    const Bound good = bound(parse("weights = '../weights/s.safetensors'\nplugins = ['.', '../weights/']\n", file));
    CHECK(good.faults.empty());
    CHECK(good.parameters.weights == (folder.path() / "weights" / "s.safetensors").string());
    CHECK(good.parameters.plugins ==
          std::vector<std::string>{(folder.path() / "experiments").string(), (folder.path() / "weights").string()});
    const Bound bad = bound(parse("weights = '../weights/t.safetensors'\nplugins = ['~/x', 'a/b']\n", file));
    REQUIRE(bad.faults.size() == 3);
    CHECK(bad.faults[0].what == "`weights` names \"../weights/t.safetensors\", which does not exist");
    CHECK(bad.faults[0].why == "looked for " + (folder.path() / "weights" / "t.safetensors").string() +
                                   ": relative paths begin at the file that sets them");
    CHECK(bad.faults[0].hint == "did you mean `s.safetensors`?");
    CHECK(bad.faults[1].hint == "`~` is not expanded here: write the path out");
    CHECK(bad.faults[2].where.column == 19);
    CHECK(bad.parameters.weights.empty());
    CHECK(bound(parse("weights = \"../weights\\u0000\"", file)).faults.size() == 1);

    const Bound absolute = bound(parse("weights = '" + folder.path().string() + "'", "elsewhere/e.toml"));
    CHECK(absolute.parameters.weights == folder.path().string());
  }

  TEST_CASE("paths from --set begin at the current folder") {
    const tests::TemporaryFolder folder;
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    std::filesystem::create_directory("weights");
    std::ofstream("weights/s.safetensors") << "x";
    Node root = parse("", "experiments/e.toml");
    apply_override(root, "weights=weights/s.safetensors");
    const Bound good = bound(root);
    apply_override(root, "weights=t");
    const Bound bad = bound(root);
    const std::string expected = (std::filesystem::current_path() / "weights/s.safetensors").string();
    std::filesystem::current_path(before);
    CHECK(good.faults.empty());
    CHECK(good.parameters.weights == expected);
    REQUIRE(bad.faults.size() == 1);
    CHECK(bad.faults[0].where.place() == "--set weights=t");
    CHECK(bad.faults[0].why.ends_with(": relative paths begin at the current folder"));
  }

  TEST_CASE("unknown keys are refused with near names") {
    const Node root = parse("rato = 0.5\nepochs = 1\nepoch = 2\nxyzzy = 3\n[anatomy]\n[anatom]\n", "f.toml");
    std::vector<Diagnostic> faults;
    refuse_unknown(root, "masking.anatomy", {"ratio", "epochs"}, {"anatomy", "attention"}, faults);
    REQUIRE(faults.size() == 4);
    CHECK(faults[0].what == "unknown key `rato`");
    CHECK(faults[0].why == "masking.anatomy has no such parameter");
    CHECK(faults[0].hint == "did you mean `ratio`?");
    CHECK(faults[0].where.place() == "f.toml:1:1");
    CHECK(faults[1].what == "unknown key `epoch`");
    CHECK(faults[1].hint == "did you mean `epochs`?");  // though it is set already, for nothing else is near
    CHECK(faults[2].hint == "known: attention, ratio");
    CHECK(faults[3].why == "masking.anatomy has no such table");
    CHECK(faults[3].where.place() == "f.toml:6:2");

    Node set = parse("", "f.toml");
    apply_override(set, "rato=1");
    faults.clear();
    refuse_unknown(set, "", {"ratio"}, {}, faults);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].why == "the top level has no such parameter");
    CHECK(faults[0].where.place() == "--set rato=1");
  }

  TEST_CASE("a value where a table should be") {
    const Node root = parse("pretrain = 3\n", "f.toml");
    const Bound out = bound(*root.find("pretrain"));
    REQUIRE(out.faults.size() == 1);
    CHECK(out.faults[0].what == "`pretrain` must be a table, not the integer 3");
    std::vector<Diagnostic> faults;
    refuse_unknown(*root.find("pretrain"), "pretrain", {}, {}, faults);
    CHECK(faults.empty());
  }

  TEST_CASE("current values as a tree bind to themselves") {
    Parameters parameters;
    Schema schema;
    parameters.describe(schema);
    const Node tree = values(schema);
    CHECK(
        to_json(tree) ==
        R"({"betas":[0.9,0.95],"bug":false,"device":"auto","epochs":800,"phases":["pretrain"],"plugins":[],"ratio":0.5,)"
        R"("seeds":[],"weight":1,"weights":""})");
    CHECK(tree.find("ratio")->origin.place() == "default");
    CHECK(bound(tree).faults.empty());
    CHECK(bound(to_toml(tree, true)).faults.empty());  // weight is written 1.0, epochs 800
  }

  TEST_CASE("a schema as JSON") {
    Parameters parameters;
    Schema schema;
    parameters.describe(schema);
    const auto json = nlohmann::json::parse(schema_to_json(schema));
    REQUIRE(json.size() == 10);
    CHECK(json[2] ==
          nlohmann::json::parse(R"({"name":"ratio","type":"number","meaning":"share of patches hidden","unit":"",
      "default":0.5,"least":0.05,"most":0.95,"choices":[],"length":null,"path":false})"));
    CHECK(json[1]["least"] == 1);
    CHECK(json[1]["most"].is_null());
    CHECK(json[3]["unit"] == "mm");
    CHECK(json[4]["choices"] == nlohmann::json({"auto", "cpu", "cuda"}));
    CHECK(json[5]["path"] == true);
    CHECK(json[6]["length"] == 2);
    CHECK(json[6]["default"] == nlohmann::json({0.9, 0.95}));
    std::string types;
    for (const auto& field : json) types += field["type"].get<std::string>() + ",";
    CHECK(types ==
          "boolean,integer,number,number,text,text,list of numbers,list of integers,list of texts,list of texts,");

    Schema bytes;
    bool flag = false;
    bytes.field(flag, "flag", "\xff");
    CHECK(nlohmann::json::accept(schema_to_json(bytes)));
  }
}
