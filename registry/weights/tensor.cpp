#include "weights/tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace vaso::weights {
namespace {

struct Known {
  Type type;
  const char* name;
  std::size_t size;
};
constexpr std::array<Known, 10> known = {{{Type::f64, "F64", 8},
                                          {Type::f32, "F32", 4},
                                          {Type::f16, "F16", 2},
                                          {Type::bf16, "BF16", 2},
                                          {Type::i64, "I64", 8},
                                          {Type::i32, "I32", 4},
                                          {Type::i16, "I16", 2},
                                          {Type::i8, "I8", 1},
                                          {Type::u8, "U8", 1},
                                          {Type::boolean, "BOOL", 1}}};

float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 0x1fu, mantissa = half & 0x3ffu;
  if (exponent == 0) {  // zero and subnormal: mantissa · 2⁻²⁴, exact in float32
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign == 0 ? value : -value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

float element(Type type, Bytes data, std::size_t index) {
  const std::size_t at = index * size_of(type);
  switch (type) {
    case Type::f64:
      return static_cast<float>(number_at<double>(data, at));
    case Type::f32:
      return number_at<float>(data, at);
    case Type::f16:
      return from_half(number_at<std::uint16_t>(data, at));
    case Type::bf16:
      return std::bit_cast<float>(static_cast<std::uint32_t>(number_at<std::uint16_t>(data, at)) << 16);
    case Type::i64:
      return static_cast<float>(number_at<std::int64_t>(data, at));
    case Type::i32:
      return static_cast<float>(number_at<std::int32_t>(data, at));
    case Type::i16:
      return number_at<std::int16_t>(data, at);
    case Type::i8:
      return number_at<std::int8_t>(data, at);
    case Type::u8:
      return number_at<std::uint8_t>(data, at);
    case Type::boolean:
      return number_at<std::uint8_t>(data, at) != 0 ? 1.0f : 0.0f;
  }
  return 0;
}

bool row_major(const Tensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

}  // namespace

const char* name_of(Type type) { return known[static_cast<std::size_t>(type)].name; }
std::size_t size_of(Type type) { return known[static_cast<std::size_t>(type)].size; }

std::optional<Type> type_named(std::string_view name) {
  const auto found = std::find_if(known.begin(), known.end(), [&](const Known& each) { return name == each.name; });
  return found == known.end() ? std::nullopt : std::optional(found->type);
}

std::string to_text(const Shape& shape) { return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "×")); }

std::optional<std::int64_t> element_count(const Shape& shape) {
  // One extent of 0 makes a tensor empty, but not the others sensible.
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, std::max<std::int64_t>(extent, 1), &count)) return std::nullopt;
  }
  constexpr std::int64_t widest = 8;
  if (count > std::numeric_limits<std::int64_t>::max() / widest) return std::nullopt;
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? count : 0;
}

std::int64_t Tensor::count() const { return element_count(shape).value_or(0); }

std::string Tensor::full_name() const { return group.empty() ? name : group + ": " + name; }

std::vector<float> to_floats(const Tensor& tensor) {
  const auto count = static_cast<std::size_t>(tensor.count());
  std::vector<float> values(count);
  if (count == 0) return values;
  if (row_major(tensor)) {
    if (tensor.type == Type::f32) {
      std::memcpy(values.data(), tensor.data.data(), count * sizeof(float));
    } else {
      for (std::size_t i = 0; i < count; ++i) values[i] = element(tensor.type, tensor.data, i);
    }
    return values;
  }
  // Counts through the shape like an odometer, the last extent fastest.
  Shape place(tensor.shape.size(), 0);
  std::int64_t from = 0;
  for (float& value : values) {
    value = element(tensor.type, tensor.data, static_cast<std::size_t>(from));
    for (std::size_t i = place.size(); i-- > 0;) {
      from += tensor.strides[i];
      if (++place[i] < tensor.shape[i]) break;
      from -= tensor.strides[i] * tensor.shape[i];
      place[i] = 0;
    }
  }
  return values;
}

}  // namespace vaso::weights
