// A made-up file of weights: refused with a WeightFileError, or read to its last value and planned as an encoder.
#pragma once

#include "memory_file.hpp"
#include "weights/encoder_plan.hpp"
#include "weights/weight_file.hpp"

namespace vaso::fuzz {

inline void read_weights(const std::uint8_t* data, std::size_t size) {
  using namespace vaso::weights;
  const MemoryFile content(data, size);
  try {
    const WeightFile file = open_weights(content.path());
    for (const Tensor& tensor : file.tensors) to_floats(tensor);
    PlanOptions options;
    options.heads = 2;
    options.allow_missing = true;
    const Complaint complain(file.file);
    for (const MadeTensor& made : plan_encoder(file, options).tensors) made.values(complain);
  } catch (const WeightFileError&) {
  }
}

}  // namespace vaso::fuzz
