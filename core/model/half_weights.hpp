// bf16 copies of linear layers' weights, which the parts of a batch share (image_parts.hpp): each is made once a pass
// instead of once a thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <mutex>

namespace vaso::model {

class HalfWeights {
 public:
  // While it lives, this thread takes copies from `weights`, and leaves there those it had to make.
  class Use {
   public:
    explicit Use(HalfWeights& weights);
    ~Use();
    Use(const Use&) = delete;
  };

  // The float32 `weight` rounded to bf16, as matrix products take it: float32 again where the CPU only emulates bf16
  // (emulated_bf16.hpp). One that this thread's HalfWeights has, where it uses any; the weight must not change
  // meanwhile.
  static at::Tensor of(const at::Tensor& weight);

 private:
  struct Copy {
    at::Tensor weight;  // held, so that nothing else comes to lie where it is
    at::Tensor half;
  };
  std::mutex mutex_;
  std::map<const void*, Copy> copies_;  // by the weight's memory
};

}  // namespace vaso::model
