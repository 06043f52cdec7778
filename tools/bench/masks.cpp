// Masks of a batch: a weighted draw, then an even one among what is left, as masking.anatomy makes them.
#include "bench.hpp"

#include "sdk/masking.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <fmt/format.h>
#include <algorithm>

namespace vaso::bench {
namespace {

class Masks final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(batch_, "batch", "images").range(1, 65536);
    s.field(tokens_, "tokens", "patches of an image").range(2, 65536);
    s.field(guided_, "guided", "patches drawn by weight; as many again are drawn evenly").range(1, 32768);
  }

  std::vector<Figure> measure(const Request& request) override {
    constexpr int times = 50;  // batches in a repetition
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
    const at::Tensor weights = at::rand({batch_, tokens_}, generator) + 1e-3;
    const at::Tensor count = at::full({batch_}, guided_, at::kLong);
    const auto milliseconds = [&](const char* stage, const std::function<void()>& work) {
      request.stage(stage);
      std::vector<double> values = seconds_each(request, [&] {
        for (int i = 0; i < times; ++i) work();
      });
      for (double& value : values) value *= 1e3 / times;
      return values;
    };
    const auto numbers = milliseconds("drawing random numbers", [&] {
      at::empty({batch_, tokens_}, at::kDouble).uniform_(0, 1, generator);
    });
    Figure figure;
    figure.what = fmt::format("masks of {} images, {} + {} of {} patches", batch_, guided_, guided_, tokens_);
    figure.unit = "ms";
    figure.values = milliseconds("drawing masks",
                                 [&] { draw_evenly(draw_weighted(weights, guided_, generator), count, generator); });
    figure.floor = *std::min_element(numbers.begin(), numbers.end());
    figure.floor_is = "one random number a patch";
    return {figure};
  }

 private:
  std::int64_t batch_ = 256, tokens_ = 196, guided_ = 49;
};

}  // namespace

std::unique_ptr<Bench> masks() { return std::make_unique<Masks>(); }

}  // namespace vaso::bench
