#include "train/optimizer.hpp"

#include "train/adamw_lists.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace vaso;
using train::AdamW;

namespace {

at::Tensor parameter(std::initializer_list<double> values, at::ScalarType type = at::kDouble) {
  return at::tensor(at::ArrayRef<double>(values), type).requires_grad_();
}

void set_gradient(at::Tensor& tensor, std::initializer_list<double> values) {
  tensor.mutable_grad() = at::tensor(at::ArrayRef<double>(values), tensor.scalar_type()).reshape(tensor.sizes());
}

bool near(const at::Tensor& tensor, std::initializer_list<double> values, double tolerance = 1e-12) {
  return at::allclose(tensor.detach().to(at::kDouble), at::tensor(at::ArrayRef<double>(values), at::kDouble), tolerance,
                      tolerance);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("AdamW: the first step is lr·sign(g) after decay, by the closed form") {
    // m̂ = g and v̂ = g² after one step, so the update is lr·g/(|g| + eps).
    at::Tensor p = parameter({1.0, -2.0, 0.5});
    AdamW optimizer({{"p", p, 1.0, true}}, {0.9, 0.95, 1e-8, 0.05, true});
    set_gradient(p, {0.3, -4.0, 0.0});
    optimizer.step(0.1);
    const double keep = 1 - 0.1 * 0.05;
    CHECK(near(p, {keep * 1.0 - 0.1 * 0.3 / (0.3 + 1e-8), keep * -2.0 + 0.1 * 4 / (4 + 1e-8), keep * 0.5}));
  }

  TEST_CASE("AdamW: three steps by hand, in float64 and float32") {
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      CAPTURE(std::string(c10::toString(type)));
      at::Tensor p = parameter({0.7}, type);
      AdamW optimizer({{"p", p, 1.0, true}}, {0.9, 0.999, 1e-8, 0.01, true});
      double expected = 0.7, m = 0, v = 0;
      for (int t = 1; t <= 3; ++t) {
        const double g = 0.1 * t - 0.25, rate = 0.01 * t;
        set_gradient(p, {g});
        optimizer.step(rate);
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        expected *= 1 - rate * 0.01;
        expected -= rate * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
      }
      CHECK(near(p, {expected}, type == at::kDouble ? 1e-12 : 1e-6));
    }
  }

  TEST_CASE("AdamW: the fast loop and the tensor operations agree") {
    // A parameter that is not contiguous takes the second way.
    const at::Tensor values = at::arange(12, at::kFloat).reshape({3, 4}).sin();
    at::Tensor dense = values.clone().requires_grad_();
    at::Tensor strided = values.t().contiguous().t().detach().requires_grad_();
    REQUIRE_FALSE(strided.is_contiguous());
    AdamW fast({{"p", dense, 0.5, true}}, {}), slow({{"p", strided, 0.5, true}}, {});
    for (int t = 1; t <= 5; ++t) {
      const at::Tensor gradient = (values * t + 0.1).cos();
      dense.mutable_grad() = gradient;
      strided.mutable_grad() = gradient;
      fast.step(0.01);
      slow.step(0.01);
    }
    CHECK(at::allclose(dense, strided, 1e-6, 1e-7));
    CHECK_FALSE(at::allclose(dense, values));
  }

  TEST_CASE("AdamW: no decay, layer decay, missing gradients") {
    at::Tensor decayed = parameter({1.0}), plain = parameter({1.0}), slow = parameter({1.0}),
               without = parameter({1.0});
    AdamW optimizer({{"decayed", decayed, 1.0, true},
                     {"plain", plain, 1.0, false},
                     {"slow", slow, 0.1, false},
                     {"without", without, 1.0, true}},
                    {});
    set_gradient(decayed, {1});
    set_gradient(plain, {1});
    set_gradient(slow, {1});
    optimizer.step(0.1);
    CHECK(near(decayed, {1 - 0.1 * 0.05 - 0.1}, 1e-7));
    CHECK(near(plain, {0.9}, 1e-7));
    CHECK(near(slow, {0.99}, 1e-7));
    CHECK(near(without, {1.0}));
    // The late one starts its own count, as torch's does: its first step is as long as everybody's first.
    set_gradient(without, {1});
    optimizer.zero_grad();
    CHECK_FALSE(decayed.grad().defined());
    set_gradient(without, {1});
    optimizer.step(0.1);
    CHECK(near(without, {1 - 0.1 * 0.05 - 0.1}, 1e-7));
  }

  TEST_CASE("Adam takes no weight decay; names are unique") {
    at::Tensor p = parameter({1.0});
    CHECK_THROWS_AS(AdamW({{"p", p, 1.0, true}}, {0.9, 0.999, 1e-8, 0.05, false}), std::invalid_argument);
    CHECK_THROWS_AS(AdamW({{"p", p, 1.0, true}, {"p", p, 1.0, true}}, {}), std::invalid_argument);
    AdamW adam({{"p", p, 1.0, true}}, {0.9, 0.999, 1e-8, 0.0, false});
    set_gradient(p, {2.0});
    adam.step(0.1);
    CHECK(near(p, {0.9}, 1e-7));
  }

  TEST_CASE("a resumed optimizer goes on bit for bit") {
    const auto gradient = [](int t) { return at::full({3}, 0.1 * t - 0.3).cos(); };
    at::Tensor straight = at::ones({3}).requires_grad_(), resumed = at::ones({3}).requires_grad_();
    AdamW whole({{"p", straight, 1.0, true}}, {});
    auto half =
        std::make_unique<AdamW>(std::vector<train::NamedParameter>{{"p", resumed, 1.0, true}}, AdamW::Options{});
    for (int t = 0; t < 6; ++t) {
      if (t == 3) {
        Bag state;
        for (const auto& [name, tensor] : half->state()) state[name] = tensor.clone();
        half = std::make_unique<AdamW>(std::vector<train::NamedParameter>{{"p", resumed, 1.0, true}}, AdamW::Options{});
        half->set_state(state);
        CHECK(state.count("p.exp_avg") == 1);
        state.erase("p.exp_avg_sq");
        CHECK_THROWS_WITH(half->set_state(state), doctest::Contains("p.exp_avg_sq"));
        state["p.exp_avg_sq"] = at::ones({4});
        CHECK_THROWS_WITH(half->set_state(state), doctest::Contains("another shape"));
      }
      straight.mutable_grad() = gradient(t);
      resumed.mutable_grad() = gradient(t);
      whole.step(0.01);
      half->step(0.01);
    }
    CHECK(at::equal(straight, resumed));
  }

  TEST_CASE("AdamW: lists of tensors, by foreach and fused, agree with tensor by tensor") {
    // Parameters that differ in rate, decay and step: the fused kernel takes them in groups.
    const std::vector<train::AdamWLists::Numbers> numbers = {{0.01, 0.05, 1}, {0.01, 0.0, 1}, {0.004, 0.05, 7}};
    const auto lists = [&] {
      train::AdamWLists lists;
      for (std::int64_t i = 0; i < 3; ++i) {
        lists.parameters.push_back(at::linspace(-1, 2, 5 + i));
        lists.gradients.push_back(at::linspace(0.3, -0.2, 5 + i));
        lists.first.push_back(at::linspace(-0.1, 0.2, 5 + i));
        lists.second.push_back(at::linspace(0.01, 0.3, 5 + i));
      }
      lists.numbers = numbers;
      return lists;
    };
    train::AdamWLists expected = lists();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto& [rate, decay, t] = numbers[i];
      const at::Tensor g = expected.gradients[i].to(at::kDouble);
      const at::Tensor m = expected.first[i].to(at::kDouble) * 0.9 + g * 0.1;
      const at::Tensor v = expected.second[i].to(at::kDouble) * 0.95 + g * g * 0.05;
      const double m_share = 1 - std::pow(0.9, t), v_share = 1 - std::pow(0.95, t);
      expected.parameters[i] = expected.parameters[i].to(at::kDouble) * (1 - rate * decay) -
                               rate * (m / m_share) / ((v / v_share).sqrt() + 1e-8);
      expected.first[i] = m;
      expected.second[i] = v;
    }
    const auto agree = [&](const train::AdamWLists& ours) {
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(at::allclose(ours.parameters[i].to(at::kDouble), expected.parameters[i], 1e-5, 1e-6));
        CHECK(at::allclose(ours.first[i].to(at::kDouble), expected.first[i], 1e-5, 1e-7));
        CHECK(at::allclose(ours.second[i].to(at::kDouble), expected.second[i], 1e-5, 1e-7));
      }
    };
    train::AdamWLists each = lists(), fused = lists(), none;
    train::update_by_foreach(each, 0.9, 0.95, 1e-8);
    agree(each);
    CHECK_NOTHROW(train::update_by_lists(none, 0.9, 0.95, 1e-8));
    if (train::update_fused(fused, 0.9, 0.95, 1e-8)) {
      agree(fused);
    } else {
      MESSAGE("skipped: this LibTorch has no fused kernel");
      CHECK(at::equal(fused.parameters[0], lists().parameters[0]));
    }
  }

  TEST_CASE("clip: one norm over all gradients, which never grow") {
    at::Tensor a = parameter({0, 0}), b = parameter({0}), none = parameter({0});
    AdamW optimizer({{"a", a, 1.0, true}, {"b", b, 1.0, true}, {"none", none, 1.0, true}}, {});
    CHECK(optimizer.clip(1.0) == 0);
    set_gradient(a, {2, 3});
    set_gradient(b, {6});
    CHECK(optimizer.clip(100) == doctest::Approx(7));
    CHECK(near(a.grad(), {2, 3}));
    CHECK(optimizer.clip(3.5) == doctest::Approx(7));
    CHECK(near(a.grad(), {1, 1.5}, 1e-6));
    CHECK(near(b.grad(), {3}, 1e-6));
    set_gradient(b, {std::numeric_limits<double>::quiet_NaN()});
    CHECK(std::isnan(optimizer.clip(1.0)));
  }

  TEST_CASE("MAE's groups: matrices and tokens are decayed, vectors and biases are not, frozen tables are out") {
    const auto trained = [](at::IntArrayRef sizes) { return at::zeros(sizes).requires_grad_(); };
    const auto groups = train::mae_groups({{"cls_token", trained({1, 1, 4})},
                                           {"pos_embed", at::zeros({1, 5, 4})},
                                           {"blocks.0.attn.qkv.weight", trained({12, 4})},
                                           {"blocks.0.attn.qkv.bias", trained({12})},
                                           {"rel.bias", trained({3, 3})},
                                           {"norm.weight", trained({4})}});
    REQUIRE(groups.size() == 5);
    CHECK(groups[0].name == "cls_token");
    CHECK(groups[0].decay);
    CHECK(groups[1].decay);
    CHECK_FALSE(groups[2].decay);
    CHECK_FALSE(groups[3].decay);
    CHECK_FALSE(groups[4].decay);
  }

  TEST_CASE("schedule: MAE's values") {
    const auto rate = [](double epoch) { return train::warmup_cosine(epoch, 1.2e-3, 0.0, 40, 800); };
    CHECK(rate(0) == 0);
    CHECK(rate(20) == doctest::Approx(0.6e-3).epsilon(1e-12));
    CHECK(rate(40) == doctest::Approx(1.2e-3).epsilon(1e-12));
    CHECK(rate(420) == doctest::Approx(0.6e-3).epsilon(1e-12));
    CHECK(rate(800) == doctest::Approx(0).epsilon(1e-12));
    CHECK(train::warmup_cosine(800, 1e-3, 1e-5, 40, 800) == doctest::Approx(1e-5).epsilon(1e-12));
    CHECK(train::warmup_cosine(0, 1e-3, 0, 0, 10) == doctest::Approx(1e-3));
  }

  TEST_CASE("a run that is all warm-up ends at its peak") {
    CHECK(train::warmup_cosine(5, 1e-3, 0, 5, 5) == doctest::Approx(1e-3));
    CHECK(train::warmup_cosine(2.5, 1e-3, 0, 5, 5) == doctest::Approx(5e-4));
  }

  TEST_CASE("EMA: tensors drift, counters are copied") {
    const std::vector<at::Tensor> teacher = {at::full({2}, 1.0).requires_grad_(), at::scalar_tensor(3, at::kLong)};
    const std::vector<at::Tensor> student = {at::full({2}, 3.0).requires_grad_(), at::scalar_tensor(8, at::kLong)};
    train::ema_update(teacher, student, 0.9);
    CHECK(at::allclose(teacher[0], at::full({2}, 1.2)));
    CHECK(teacher[1].item<std::int64_t>() == 8);
    train::ema_update(teacher, student, 1.0);
    CHECK(at::allclose(teacher[0], at::full({2}, 1.2)));
    CHECK_THROWS_AS(train::ema_update(teacher, {student[0]}, 0.9), std::invalid_argument);
  }
}
