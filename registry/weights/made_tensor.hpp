// One tensor of our encoder, made of another's when its values are asked for.
#pragma once

#include "weights/tensor.hpp"

#include <string>
#include <vector>

namespace vaso::weights {

// Either `whole`, or query, key and value joined along rows with zeros for those that are not there, or new values.
struct MadeTensor {
  enum class New { no, zeros, ones, normal, rotary_periods };
  std::string name;
  Shape shape;
  const Tensor *whole = nullptr, *query = nullptr, *key = nullptr, *value = nullptr;
  const Tensor* scale = nullptr;  // LayerScale, x + γ⊙(W·y + b) = x + (γ⊙W)·y + γ⊙b: row i times its i-th value
  const Tensor* mask = nullptr;  // DINOv3's, of the bias of query, key and value: the middle third becomes zero
  bool zero_row_first = false;   // positions of the patches alone: zeros for the class token before them
  // normal: mean 0, deviation 0.02, the same at every import. rotary_periods: 100^(2k/(d/2)), k = 0 … d/4 − 1.
  New fill = New::no;

  bool joined() const { return query != nullptr || key != nullptr || value != nullptr; }
  // Elements that the file's tensors give, without the added row and the zeros.
  bool from_file() const { return whole != nullptr || joined(); }

  // Row-major. Throws through `complain` where the file's values hold NaN or infinities.
  std::vector<float> values(const Complaint& complain) const;
};

}  // namespace vaso::weights
