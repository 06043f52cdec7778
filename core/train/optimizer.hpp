// AdamW over named parameters, with the parameter groups of the released codes and gradient clipping.
#pragma once

#include "sdk/component.hpp"

#include <string>
#include <vector>

namespace vaso::train {

struct NamedParameter {
  std::string name;
  at::Tensor tensor;
  double lr_scale = 1;  // layer decay
  bool decay = true;    // weight decay applies
};

// MAE's groups: decay where the tensor has two or more dimensions and the name does not end in ".bias" (cls and mask
// tokens are decayed); frozen parameters are left out.
std::vector<NamedParameter> mae_groups(const std::vector<std::pair<std::string, at::Tensor>>& parameters);

class AdamW {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.05;
    bool decoupled = true;  // false: Adam, weight decay must be 0
  };
  AdamW(std::vector<NamedParameter> parameters, Options options);
  void zero_grad();
  void step(double learning_rate);  // parameters without gradient are skipped
  double clip(double largest_norm); // scales gradients; returns the norm before
  Bag state() const;                // "NAME.exp_avg", "NAME.exp_avg_sq", "step"
  void set_state(const Bag& state);

 private:
  std::vector<NamedParameter> parameters_;
  Options options_;
  std::vector<at::Tensor> first_, second_;
  std::int64_t steps_ = 0;
};

// MAE's schedule at a fractional epoch: linear warm-up from 0, then half a cosine to `least`.
double warmup_cosine(double epoch, double peak, double least, double warmup_epochs, double epochs);

// θ_teacher ← m·θ_teacher + (1−m)·θ_student, over tensors of equal order; integers are copied.
void ema_update(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student, double momentum);

}  // namespace vaso::train
