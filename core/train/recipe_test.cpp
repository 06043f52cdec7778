#include "train/pretrain_parts.hpp"
#include "train/step.hpp"

#include "support/plugins.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace vaso;
using namespace vaso::train;

namespace {

constexpr const char* good_recipe = R"([data]
dataset = "phantom"
[data.phantom]
count = 8
size = 64
[model]
encoder = "vit_ti"
image_size = 64
[objective]
decoder_dim = 32
decoder_depth = 1
decoder_heads = 2
[masking]
strategy = "anatomy"
[[loss]]
name = "pixel_reconstruction"
[[loss]]
name = "anatomical_consistency"
[pretrain]
batch_size = 4
)";

std::vector<config::Diagnostic> faults_of(const std::string& text, bool has_segmentor = true) {
  const config::Node cell = config::parse(text, "x.toml");
  std::vector<config::Diagnostic> faults;
  fit_parts(cell, tests::plugin_host(), has_segmentor, faults);
  return faults;
}

// Lines of `good_recipe` replaced, so that a test shows only what is wrong.
std::string with_change(const std::string& from, const std::string& to) {
  std::string text = good_recipe;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a good experiment has no fault, and its parts fit together") {
    CHECK(faults_of(good_recipe).empty());
    const config::Node cell = config::parse(good_recipe, "x.toml");
    std::vector<config::Diagnostic> faults;
    const PretrainParts parts = fit_parts(cell, tests::plugin_host(), true, faults);
    CHECK(parts.images.count == 8);
    CHECK(parts.steps_per_epoch() == 2);
    CHECK(parts.needs.guidance);
    CHECK(parts.guidance->stored() == std::vector<std::string>{"frangi"});
    CHECK(parts.guidance->needs("co_guidance").frozen == std::vector<std::string>{"segmentor"});
  }

  TEST_CASE("every fault is named with the line that caused it") {
    struct Case {
      std::string from, to, what;
      int line;
    };
    const Case cases[] = {
        {"image_size = 64\n", "image_size = 70\n", "cannot be cut into patches", 8},
        {"image_size = 64\n", "image_size = 48\n", "does not fit the segmentor", 8},
        {"strategy = \"anatomy\"", "strategy = \"anatomie\"", "masking.anatomie", 14},
        {"strategy = \"anatomy\"", "strategy = \"anatomy\"\nrato = 0.5", "rato", 15},
        {"strategy = \"anatomy\"", "strategy = \"anatomy\"\n[masking.random]\nbeta = 1", "beta", 16},
        {"decoder_heads = 2", "decoder_heads = 5", "decoder_heads", 12},
        {"name = \"pixel_reconstruction\"", "name = \"pixel_reconstruction\"\nnorm_pix = false",
         "disagree about norm_pix", 19},
        {"batch_size = 4", "batch_size = 8\naccumulate = 2", "no whole step", 21},
        {"count = 8", "count = \"eight\"", "count", 4},
    };
    for (const Case& c : cases) {
      CAPTURE(c.to);
      const auto faults = faults_of(with_change(c.from, c.to));
      REQUIRE_FALSE(faults.empty());
      bool found = false;
      std::string all;
      for (const auto& fault : faults) {
        all += config::render(fault, false);
        found = found || (fault.what.find(c.what) != std::string::npos && fault.where.line == c.line);
      }
      CAPTURE(all);
      CHECK(found);
    }
  }

  TEST_CASE(
      "a component's own sub-table wins over its kind's table, and other components' sub-tables do not reach it") {
    const config::Node cell = config::parse(
        with_change(
            "strategy = \"anatomy\"",
            "strategy = \"anatomy\"\nratio = 0.75\n[masking.anatomy]\nratio = 0.25\n[masking.random]\nratio = 0.9"),
        "x.toml");
    std::vector<config::Diagnostic> faults;
    const Recipe recipe = read_recipe(cell, "pretrain", tests::plugin_host(), faults);
    CHECK(faults.empty());
    CHECK(recipe.masking.parameter_text().find("\"ratio\":0.25") != std::string::npos);
    CHECK(recipe.masking.locate("ratio").line == 17);
  }

  TEST_CASE("guidance by a segmentor that nobody trains is a fault; so is an experiment without a loss") {
    const auto faults = faults_of(good_recipe, false);
    REQUIRE_FALSE(faults.empty());
    CHECK(faults.front().what.find("needs the segmentor") != std::string::npos);
    CHECK(faults.front().hint.find("phases") != std::string::npos);
    const std::string text = good_recipe;
    CHECK(faults_of(text.substr(0, text.find("[[loss]]"))).front().what == "no loss");
  }

  TEST_CASE("sources that feed one another in a circle are refused") {
    const auto faults =
        faults_of(std::string(good_recipe) +
                  "[guidance]\nsource = \"co_guidance\"\n[guidance.co_guidance]\nfirst = \"co_guidance\"\n");
    REQUIRE_FALSE(faults.empty());
    CHECK(faults.front().why.find("itself") != std::string::npos);
  }

  TEST_CASE("the host does not trust a mask plan") {
    const config::Node cell = config::parse(good_recipe, "x.toml");
    std::vector<config::Diagnostic> faults;
    const PretrainParts parts = fit_parts(cell, tests::plugin_host(), true, faults);
    EpochMeans means;
    StepResources resources;
    resources.recipe = &parts.recipe;
    resources.shape = &parts.recipe.shape;
    resources.means = &means;
    Step step(resources, Progress{}, 0, {{"image", at::zeros({2, 3, 64, 64})}});
    step.calling(parts.recipe.masking);
    const auto refused = [&](const at::Tensor& state, const char* why) {
      CHECK_THROWS_WITH_AS(step.set_plan({state, {}}), doctest::Contains(why), std::runtime_error);
    };
    at::Tensor state = at::zeros({2, 16}, at::kChar);
    state.slice(1, 0, 8).fill_(MaskPlan::mask);
    step.set_plan({state, {}});
    refused(at::Tensor(), "masking.anatomy made a mask plan that is empty");
    refused(state.slice(1, 0, 15), "is not 2×16");
    refused(state.to(at::kLong), "does not hold int8");
    at::Tensor uneven = state.clone();
    uneven[0][0] = MaskPlan::keep;
    refused(uneven, "unequally");
    refused(at::full({2, 16}, 5, at::kChar), "other than keep");
    refused(at::ones({2, 16}, at::kChar), "keeps no patch");

    const auto says = [&](std::array<std::int64_t, 3> counts, const char* why) {
      CHECK_THROWS_WITH_AS(step.set_plan({state, {}, counts}), doctest::Contains(why), std::runtime_error);
    };
    says({0, 7, 9}, "says that 0 patches are dropped, 7 kept and 9 masked, and has 0, 8 and 8");
    says({0, 8, 9}, "says that of 16 patches 0 are dropped, 8 kept and 9 masked");
    says({0, 0, 16}, "keeps no patch");
    step.set_plan({state, {}, {0, 8, 8}});
    CHECK(step.plan().count(MaskPlan::mask) == 8);

    if (!at::hasCUDA()) return;  // where nobody waits for a GPU's answer, it stays for whoever asks later
    at::Tensor wrong;
    resources.wrong_plans = &wrong;
    step.set_plan({state.cuda(), {}, {0, 8, 8}});
    CHECK_FALSE(wrong.item<bool>());
    step.set_plan({uneven.cuda(), {}, {0, 8, 8}});
    CHECK(wrong.item<bool>());
    step.set_plan({state.cuda(), {}, {0, 8, 8}});
    CHECK(wrong.item<bool>());
  }

  TEST_CASE("a component's draws depend on seed, component and step, and on nothing else") {
    const config::Node cell = config::parse(good_recipe, "x.toml");
    std::vector<config::Diagnostic> faults;
    const PretrainParts parts = fit_parts(cell, tests::plugin_host(), true, faults);
    EpochMeans means;
    StepResources resources;
    resources.recipe = &parts.recipe;
    resources.shape = &parts.recipe.shape;
    resources.means = &means;
    const auto draw = [&](const Choice& who, std::int64_t slice) {
      Step step(resources, Progress{}, slice, {});
      step.calling(who);
      return at::empty({8}).uniform_(0, 1, step.generator());
    };
    CHECK(draw(parts.recipe.masking, 3).equal(draw(parts.recipe.masking, 3)));
    CHECK_FALSE(draw(parts.recipe.masking, 3).equal(draw(parts.recipe.masking, 4)));
    CHECK_FALSE(draw(parts.recipe.masking, 3).equal(draw(parts.recipe.objective, 3)));
  }
}
