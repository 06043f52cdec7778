// Activation checkpointing: what a part of a network computes on the way is not kept for the backward pass, but
// computed again. Source: Chen et al., "Training deep nets with sublinear memory cost", 2016 (arXiv 1604.06174).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace vaso::model {

// While it lives (and `on`), transformer blocks that run on this thread keep only their input. They must outlive the
// backward pass.
class Recomputation {
 public:
  explicit Recomputation(bool on);
  ~Recomputation();
  Recomputation(const Recomputation&) = delete;
  static bool on();

 private:
  bool before_;
};

// part(x), of which only x is kept. `part` is called now and once more in the backward pass, in the same precision, and
// must then do the same to the bit. It may use no tensor that asks for a gradient but x and `parameters`. Where none of
// these does, it is part(x) and nothing else.
at::Tensor recomputed(const std::function<at::Tensor(const at::Tensor&)>& part, const at::Tensor& x,
                      const std::vector<at::Tensor>& parameters);

}  // namespace vaso::model
