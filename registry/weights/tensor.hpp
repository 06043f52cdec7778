// A tensor that stands in a file: what it is called, its type and shape, and where its bytes are.
#pragma once

#include "weights/mapped_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::weights {

enum class Type { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

const char* name_of(Type type);                         // as safetensors has it: "F32", "BF16", "BOOL"
std::optional<Type> type_named(std::string_view name);  // the other way round
std::size_t size_of(Type type);                         // bytes of an element
inline bool is_real(Type type) { return type <= Type::bf16; }

using Shape = std::vector<std::int64_t>;

std::string to_text(const Shape& shape);  // "768×3×16×16", "scalar"

// Elements of a shape; nothing where there are more than any memory holds, or an extent is negative.
std::optional<std::int64_t> element_count(const Shape& shape);

struct Tensor {
  std::string group;  // the dictionaries it stands in: "model", "optimizer/state/0"; safetensors have none
  std::string name;   // "blocks.0.attn.qkv.weight"
  Type type = Type::f32;
  Shape shape;
  Shape strides;  // in elements, none negative
  Bytes data;     // from its first element to the end of its last; holds all that shape and strides reach

  std::int64_t count() const;     // elements
  std::string full_name() const;  // "model: blocks.0.attn.qkv.weight", or the name alone
};

// All elements in row-major order, made float32. Integers beyond 2²⁴ and float64 are rounded.
std::vector<float> to_floats(const Tensor& tensor);

}  // namespace vaso::weights
