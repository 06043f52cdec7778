#include "ranking.hpp"

#include "sdk/testing.hpp"
#include "support/plugins.hpp"

#include <doctest/doctest.h>
#include <torch/nn/module.h>

#include <cmath>

using namespace vaso;

namespace {

// An objective of which only the width of its decoder matters.
class Narrow final : public Objective {
 public:
  std::shared_ptr<torch::nn::Module> network() override { return nullptr; }
  std::map<std::string, std::int64_t> outputs() const override { return {{"decoder_input", 32}, {"prediction", 768}}; }
  Bag forward(Networks&, const Bag&, const MaskPlan&, std::string_view) override { return {}; }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("equal scores cost ln 2, right ones less, wrong ones more") {
    const at::Tensor losses = at::arange(6, at::kDouble).reshape({2, 3});
    CHECK(ranking_loss(at::zeros({2, 3}, at::kDouble), losses).item<double>() ==
          doctest::Approx(std::log(2.0)).epsilon(1e-5));
    CHECK(ranking_loss(losses * 3, losses).item<double>() < 0.1);
    CHECK(ranking_loss(-losses * 3, losses).item<double>() > 2.0);
  }

  TEST_CASE("the ranking loss equals the sum over pairs, and its gradient its difference quotient") {
    at::Tensor scores = at::tensor({0.3, -0.7, 1.1, 0.2, 0.9, -0.4}, at::kDouble).reshape({2, 3}).requires_grad_(true);
    const at::Tensor losses = at::tensor({0.5, 0.1, 0.5, 2.0, 1.0, 3.0}, at::kDouble).reshape({2, 3});
    double sum = 0;
    int pairs = 0;
    for (int b = 0; b < 2; ++b) {
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
          const double li = losses[b][i].item<double>(), lj = losses[b][j].item<double>();
          if (li == lj) continue;
          const double p = 1 / (1 + std::exp(-(scores[b][j].item<double>() - scores[b][i].item<double>())));
          sum -= lj > li ? std::log(p + 1e-6) : std::log(1 - p + 1e-6);
          ++pairs;
        }
      }
    }
    const at::Tensor loss = ranking_loss(scores, losses);
    CHECK(loss.item<double>() == doctest::Approx(sum / pairs).epsilon(1e-12));
    loss.backward();
    constexpr double step = 1e-6;
    for (int k = 0; k < 6; ++k) {
      const auto moved = [&](double by) {
        at::Tensor other = scores.detach().clone();
        other.view(-1)[k] += by;
        return ranking_loss(other, losses).item<double>();
      };
      CHECK(scores.grad().view(-1)[k].item<double>() ==
            doctest::Approx((moved(step) - moved(-step)) / (2 * step)).epsilon(1e-6));
    }
  }

  TEST_CASE("hard patches: none at first, 36 at epoch 99, 73 at epoch 199 of 200, and they are the highest scores") {
    const auto strategy =
        tests::make_plugin<MaskingStrategy>("masking.loss_guided", "depth = 1\nheads = 4", RunShape{});
    Narrow objective;
    const auto network = strategy->network(objective);
    {
      const at::NoGradGuard no_gradient;
      for (auto& parameter : network->parameters())
        parameter.normal_(0, 0.02, at::make_generator<at::CPUGeneratorImpl>(5));
    }
    vaso::testing::Step step;
    step.tensors["image"] = at::zeros({3, 3, 224, 224});
    step.teacher_nets.masking = network.get();
    step.forward_result["decoder_input"] = at::randn({3, 197, 32}, at::make_generator<at::CPUGeneratorImpl>(6));
    const at::NoGradGuard no_gradient;
    const std::pair<std::int64_t, std::int64_t> expected[] = {{0, 0}, {1, 0}, {2, 1}, {99, 36}, {199, 73}};
    at::Tensor always;
    for (const auto& [epoch, count] : expected) {
      step.where = {epoch, 200, 0, 1};
      for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        step.seed = seed;
        const MaskPlan plan = strategy->plan(step);
        const at::Tensor masked = plan.state == MaskPlan::mask;
        CHECK(masked.sum(1).eq(147).all().item<bool>());
        CHECK(plan.guided.eq(count).all().item<bool>());
        always = seed == 1 ? masked : always.logical_and(masked);  // hard patches are masked whatever the seed
      }
    }
    CHECK(always.sum(1).ge(73).all().item<bool>());
  }

  TEST_CASE("the teacher's momentum rises to its end and stays") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.loss_guided", "", RunShape{});
    CHECK(strategy->teacher_momentum({0, 200, 0, 1}) == doctest::Approx(0.999));
    CHECK(strategy->teacher_momentum({50, 200, 0, 1}) == doctest::Approx(0.99945));
    CHECK(strategy->teacher_momentum({150, 200, 0, 1}) == doctest::Approx(0.9999));
  }

  TEST_CASE("heads that do not divide the decoder's width are refused by name") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.loss_guided", "heads = 5", RunShape{});
    Narrow objective;
    CHECK_THROWS_AS(strategy->network(objective), ParameterError);
  }
}
