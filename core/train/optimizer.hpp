// AdamW over named parameters, with the parameter groups of the released codes and gradient clipping.
#pragma once

#include "sdk/component.hpp"

#include <string>
#include <utility>
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

// Kingma and Ba, "Adam", ICLR 2015; Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
// Equal to torch.optim.AdamW and torch.optim.Adam to rounding. Parameters are changed in place, outside the autograd
// graph.
class AdamW {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.05;
    bool decoupled = true;  // false: Adam, weight decay must be 0
  };
  // Throws std::invalid_argument where two parameters share a name, or Adam is given a weight decay.
  AdamW(std::vector<NamedParameter> parameters, Options options);
  void zero_grad();                 // gradients become undefined
  void step(double learning_rate);  // parameters without gradient are skipped, and their step is not counted
  // Scales all gradients so that their common norm is at most `largest_norm`; returns the norm before. A norm that is
  // no number makes every gradient one: the caller sees it in the result.
  double clip(double largest_norm);
  Bag state() const;  // "NAME.exp_avg", "NAME.exp_avg_sq", "NAME.step"; the tensors are the optimizer's own
  void set_state(const Bag& state);  // throws std::runtime_error where something is missing or has another shape

 private:
  std::vector<NamedParameter> parameters_;
  Options options_;
  std::vector<at::Tensor> first_, second_;
  std::vector<std::int64_t> steps_;
};

// MAE's schedule at a fractional epoch: linear warm-up from 0, then half a cosine to `least`.
double warmup_cosine(double epoch, double peak, double least, double warmup_epochs, double epochs);

// θ_teacher ← m·θ_teacher + (1−m)·θ_student, over tensors of equal order; integers are copied.
void ema_update(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student, double momentum);

}  // namespace vaso::train
