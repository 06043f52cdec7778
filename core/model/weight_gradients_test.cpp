#include "model/weight_gradients.hpp"
#include "model/test_support.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

using namespace vaso;
using model::WeightGradients;
using tests::waves;

namespace {

constexpr std::size_t kWeights = 9;  // more than are put by

// What three parts (of two, any order of adding would give the same bits) of 4 rows each add to weights of 2×3.
struct Layers {
  std::vector<at::Tensor> weights, y, x;
  Layers() {
    for (std::size_t i = 0; i < kWeights; ++i) {
      const auto phase = 0.1 + 0.3 * static_cast<double>(i);
      weights.push_back(at::zeros({2, 3}, at::kFloat));
      y.push_back(waves({3, 4, 2}, phase).to(at::kFloat));
      x.push_back(waves({3, 4, 3}, 2 * phase).to(at::kFloat));
    }
  }
  bool add(std::size_t i, std::int64_t part) const { return WeightGradients::add(weights[i], y[i][part], x[i][part]); }
  at::Tensor expected(std::size_t i) const {
    return at::mm(y[i].view({12, 2}).to(at::kDouble).t(), x[i].view({12, 3}).to(at::kDouble));
  }
};

// Each part on a thread of its own; `slow` pauses at every layer.
std::vector<at::Tensor> gradients_with(const Layers& layers, std::int64_t slow) {
  WeightGradients gradients(3);
  const auto go_back = [&](std::int64_t part) {
    WeightGradients::Part here(gradients, static_cast<std::size_t>(part));
    for (std::size_t i = kWeights; i-- > 0;) {
      if (part == slow) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      if (!layers.add(i, part)) throw std::logic_error("refused");
    }
    here.finish();
  };
  std::vector<std::future<void>> others;
  for (const std::int64_t part : {1, 2}) others.push_back(std::async(std::launch::async, go_back, part));
  go_back(0);
  for (auto& other : others) other.get();
  std::vector<at::Tensor> sums;
  for (const at::Tensor& weight : layers.weights) sums.push_back(gradients.of(weight));
  return sums;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("weights' gradients: the sum over parts, to the bit, whichever thread is ahead") {
    const Layers layers;
    const auto sums = gradients_with(layers, 0), again = gradients_with(layers, 1);
    for (std::size_t i = 0; i < kWeights; ++i) {
      CHECK(tests::relative_error(sums[i], layers.expected(i)) < 1e-6);
      CHECK(at::equal(sums[i], again[i]));
    }
  }

  TEST_CASE("weights' gradients: bf16 in, the weight's type out, of all parts") {
    WeightGradients gradients(2);
    const at::Tensor weight = at::zeros({2, 3}, at::kFloat);
    const at::Tensor y = waves({4, 2}, 0.4).to(at::kBFloat16), x = waves({4, 3}, 0.9).to(at::kBFloat16);
    for (const std::int64_t i : {0, 1}) {  // one row, and three
      const WeightGradients::Part part(gradients, static_cast<std::size_t>(i));
      CHECK(WeightGradients::add(weight, y.narrow(0, i, 1 + 2 * i), x.narrow(0, i, 1 + 2 * i)));
    }
    const at::Tensor sum = gradients.of(weight);
    CHECK((sum.scalar_type() == at::kFloat));
    CHECK(tests::relative_error(sum, at::mm(y.to(at::kDouble).t(), x.to(at::kDouble))) < 1e-2);
  }

  TEST_CASE("weights' gradients: outside of parts, and a second time within one, nothing is put by") {
    const Layers layers;
    CHECK_FALSE(layers.add(0, 0));
    WeightGradients gradients(2);
    const WeightGradients::Part part(gradients, 0);
    CHECK(layers.add(0, 0));
    CHECK_FALSE(layers.add(0, 0));
    CHECK_FALSE(gradients.of(layers.weights[1]).defined());
  }

  TEST_CASE("weights' gradients: parts one after the other, and a weight that one of them does not use") {
    const Layers layers;
    WeightGradients gradients(3);
    for (const std::int64_t i : {0, 1, 2}) {
      WeightGradients::Part part(gradients, static_cast<std::size_t>(i));
      CHECK(layers.add(0, i));
      if (i == 1) CHECK(layers.add(1, i));
      part.finish();  // it does not wait for the next, which this thread has to start
    }
    CHECK(tests::relative_error(gradients.of(layers.weights[0]), layers.expected(0)) < 1e-6);
    CHECK(tests::relative_error(gradients.of(layers.weights[1]), at::mm(layers.y[1][1].t(), layers.x[1][1])) < 1e-6);
  }

  TEST_CASE("weights' gradients: a part that fails is not waited for") {
    const Layers layers;
    WeightGradients gradients(2);
    std::promise<void> started;
    auto other = std::async(std::launch::async, [&] {
      const WeightGradients::Part part(gradients, 1);
      started.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      throw std::runtime_error("no memory");
    });
    started.get_future().wait();
    WeightGradients::Part part(gradients, 0);
    CHECK(layers.add(0, 0));
    part.finish();
    CHECK_THROWS_WITH_AS(other.get(), "no memory", std::runtime_error);
  }
}
