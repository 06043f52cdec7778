#include "cuda/gelu.hpp"

#include "cuda/column_sums.hpp"
#include "cuda/test_support.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

using namespace vaso;

namespace {

float number_of(std::uint16_t bf16) {
  const std::uint32_t bits = std::uint32_t{bf16} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// How much of the standard normal distribution lies below x, and its density there.
double share(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("GELU and its derivative at every bf16 number up to 10 are those of float64, rounded once") {
    if (cuda::no_gpu()) return;
    std::vector<std::uint16_t> in;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto bf16 = static_cast<std::uint16_t>(bits);
      if (std::abs(number_of(bf16)) <= 10) in.push_back(bf16);  // false for NaN
    }
    while (in.size() % 8 != 0) in.push_back(0);
    const auto count = static_cast<std::int64_t>(in.size());
    const cuda::DeviceMemory there = cuda::on_gpu(in);
    const cuda::DeviceMemory ones = cuda::on_gpu(std::vector<std::uint16_t>(in.size(), 0x3F80));
    const cuda::DeviceMemory value(2 * in.size()), slope(2 * in.size()), sums(8 * sizeof(float));
    const cuda::DeviceMemory scratch(sizeof(float) * static_cast<std::size_t>(cuda::column_sums_scratch(8)));
    cuda::gelu(count, there.as<void>(), value.as<void>(), cuda::default_stream);
    cuda::gelu_backward(count / 8, 8, there.as<void>(), ones.as<void>(), slope.as<void>(), scratch.as<float>(),
                        sums.as<float>(), cuda::default_stream);
    const auto values = cuda::on_cpu<std::uint16_t>(value, in.size());
    const auto slopes = cuda::on_cpu<std::uint16_t>(slope, in.size());
    double worst = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double x = number_of(in[i]);
      // A unit in bf16's last place, what the polynomial is off, and what is too small for a GPU in a hurry.
      const auto off = [](double ours, double exact, double scale) {
        return std::abs(ours - exact) / (std::abs(exact) / 256 + 2e-7 * scale + 1e-37);
      };
      worst = std::max({worst, off(number_of(values[i]), x * share(x), std::abs(x)),
                        off(number_of(slopes[i]), share(x) + x * density(x), 1 + std::abs(x))});
    }
    CHECK(worst < 1);
  }
}
