#include "weights/made_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace vaso::weights {
namespace {

// Box–Muller on a generator that the standard fixes; std::normal_distribution differs between libraries.
std::vector<float> normal_values(std::size_t count, const std::string& name) {
  std::uint64_t seed = 1469598103934665603u;  // FNV-1a of the name
  for (const char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::mt19937_64 generator(seed);
  const auto uniform = [&] { return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53; };
  std::vector<float> values(count);
  for (float& value : values) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    value = static_cast<float>(0.02 * radius * std::cos(2 * std::numbers::pi * uniform()));
  }
  return values;
}

// As DINOv3 computes them, of heads four times as wide as there are periods.
std::vector<float> rotary_periods(std::size_t count) {
  std::vector<float> periods(count);
  for (std::size_t k = 0; k < count; ++k)
    periods[k] = static_cast<float>(std::pow(100.0, static_cast<double>(k) / static_cast<double>(count)));
  return periods;
}

// The buffer is NaN until training fills it with ones for query and value and zeros for the key.
void check_mask(const Tensor& mask, const Complaint& complain) {
  const std::vector<float> values = to_floats(mask);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool of_key = i / (values.size() / 3) == 1;
    if (std::isnan(values[i]) || values[i] == (of_key ? 0.0f : 1.0f)) continue;
    complain("{} masks another part of the bias than that of the key, as no DINOv3 does", mask.full_name());
  }
}

void check_finite(const std::vector<float>& values, const Tensor& from, const Complaint& complain) {
  if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) return;
  complain("{} holds NaN or infinite values: the training that wrote it had diverged, or the file is damaged",
           from.full_name());
}

std::vector<float> read(const Tensor& tensor, const Complaint& complain) {
  std::vector<float> values = to_floats(tensor);
  check_finite(values, tensor, complain);
  return values;
}

}  // namespace

std::vector<float> MadeTensor::values(const Complaint& complain) const {
  const auto count = static_cast<std::size_t>(element_count(shape).value_or(0));
  std::vector<float> made;
  made.reserve(count);
  const auto append = [&](const std::vector<float>& values) { made.insert(made.end(), values.begin(), values.end()); };
  if (fill == New::normal) return normal_values(count, name);
  if (fill == New::rotary_periods) return rotary_periods(count);
  if (fill != New::no) return std::vector<float>(count, fill == New::ones ? 1.0f : 0.0f);
  if (joined()) {
    for (const Tensor* part : {query, key, value})
      append(part == nullptr ? std::vector<float>(count / 3, 0.0f) : read(*part, complain));
  } else {
    if (zero_row_first) made.assign(static_cast<std::size_t>(shape.back()), 0.0f);
    append(read(*whole, complain));
  }
  if (mask != nullptr) {
    check_mask(*mask, complain);
    std::fill_n(made.begin() + static_cast<std::ptrdiff_t>(count / 3), count / 3, 0.0f);
  }
  if (scale != nullptr) {
    const std::vector<float> factors = read(*scale, complain);
    const std::size_t row = factors.empty() ? 0 : made.size() / factors.size();
    for (std::size_t i = 0; i < factors.size() * row; ++i) made[i] *= factors[i / row];
  }
  return made;
}

}  // namespace vaso::weights
