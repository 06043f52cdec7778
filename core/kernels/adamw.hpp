// One step of Adam with decoupled weight decay, in one pass over the memory, on all threads.
// Sources: Kingma & Ba, "Adam", ICLR 2015; Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
#pragma once

#include <cstdint>

namespace vaso::kernels {

// The numbers of one parameter's step.
struct AdamWStep {
  double keep;  // 1 − lr·weight decay
  double beta1, beta2;
  double step_size;        // lr / (1 − β1^t)
  double root_correction;  // √(1 − β2^t)
  double eps;
};

// All arrays have `count` values. The operations of torch.optim.AdamW (which makes seven passes) in the same order,
// each rounded, so that the result is the same to the bit on every CPU and with every number of threads.
void adamw_step(const AdamWStep& step, std::int64_t count, const float* gradient, float* parameter, float* first,
                float* second);
void adamw_step(const AdamWStep& step, std::int64_t count, const double* gradient, double* parameter, double* first,
                double* second);

}  // namespace vaso::kernels
