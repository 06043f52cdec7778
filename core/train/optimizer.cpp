#include "train/optimizer.hpp"

#include "kernels/adamw.hpp"
#include "train/adamw_lists.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <set>
#include <stdexcept>

namespace vaso::train {

namespace {

template <class T>
void update_in_one_pass(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& first, at::Tensor& second,
                        const kernels::AdamWStep& update) {
  RECORD_USER_SCOPE("vaso::adamw");
  kernels::adamw_step(update, parameter.numel(), gradient.data_ptr<T>(), parameter.data_ptr<T>(), first.data_ptr<T>(),
                      second.data_ptr<T>());
}

bool dense_on_cpu(const at::Tensor& parameter, const at::Tensor& gradient) {
  return parameter.device().is_cpu() && parameter.is_contiguous() && gradient.is_contiguous() &&
         gradient.scalar_type() == parameter.scalar_type();
}

const at::Tensor& stored(const Bag& state, const std::string& name, const at::Tensor& like) {
  const auto found = state.find(name);
  if (found == state.end()) throw std::runtime_error("the optimizer's state lacks \"" + name + "\"");
  if (found->second.sizes() != like.sizes()) {
    throw std::runtime_error(fmt::format("the optimizer's state has \"{}\" in another shape than the network", name));
  }
  return found->second;
}

}  // namespace

std::vector<NamedParameter> mae_groups(const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  std::vector<NamedParameter> groups;
  for (const auto& [name, tensor] : parameters) {
    if (!tensor.requires_grad()) continue;
    groups.push_back({name, tensor, 1.0, tensor.dim() >= 2 && !name.ends_with(".bias")});
  }
  return groups;
}

AdamW::AdamW(std::vector<NamedParameter> parameters, Options options)
    : parameters_(std::move(parameters)), options_(options), steps_(parameters_.size(), 0) {
  if (!options_.decoupled && options_.weight_decay != 0) {
    throw std::invalid_argument("Adam takes no weight decay here: set it to 0, or use AdamW");
  }
  std::set<std::string> names;
  for (const NamedParameter& parameter : parameters_) {
    if (!names.insert(parameter.name).second) throw std::invalid_argument("two parameters are named " + parameter.name);
    first_.push_back(at::zeros_like(parameter.tensor, at::MemoryFormat::Contiguous));
    second_.push_back(at::zeros_like(parameter.tensor, at::MemoryFormat::Contiguous));
  }
}

void AdamW::zero_grad() {
  for (NamedParameter& parameter : parameters_) parameter.tensor.mutable_grad() = at::Tensor();
}

void AdamW::step(double learning_rate) {
  at::NoGradGuard no_grad;
  AdamWLists others;  // on a GPU, or not as they come in memory
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    NamedParameter& parameter = parameters_[i];
    const at::Tensor gradient = parameter.tensor.grad();
    if (!gradient.defined()) continue;
    const auto t = static_cast<double>(++steps_[i]);
    const double rate = learning_rate * parameter.lr_scale;
    const double decay = options_.decoupled && parameter.decay ? options_.weight_decay : 0.0;
    const kernels::AdamWStep update{1.0 - rate * decay,
                                    options_.beta1,
                                    options_.beta2,
                                    rate / (1.0 - std::pow(options_.beta1, t)),
                                    std::sqrt(1.0 - std::pow(options_.beta2, t)),
                                    options_.eps};
    const at::ScalarType type = parameter.tensor.scalar_type();
    if (dense_on_cpu(parameter.tensor, gradient) && type == at::kFloat) {
      update_in_one_pass<float>(parameter.tensor, gradient, first_[i], second_[i], update);
    } else if (dense_on_cpu(parameter.tensor, gradient) && type == at::kDouble) {
      update_in_one_pass<double>(parameter.tensor, gradient, first_[i], second_[i], update);
    } else {
      others.parameters.push_back(parameter.tensor);
      others.gradients.push_back(gradient);
      others.first.push_back(first_[i]);
      others.second.push_back(second_[i]);
      others.numbers.push_back({rate, decay, steps_[i]});
    }
  }
  update_by_lists(others, options_.beta1, options_.beta2, options_.eps);
}

double AdamW::clip(double largest_norm) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) {
    if (parameter.tensor.grad().defined()) gradients.push_back(parameter.tensor.grad());
  }
  if (gradients.empty()) return 0;
  const double norm = at::stack(at::_foreach_norm(gradients)).to(at::kDouble).norm().item<double>();
  // The released codes' form: gradients are only ever made smaller.
  const double scale = largest_norm / (norm + 1e-6);
  if (!(scale >= 1.0)) at::_foreach_mul_(gradients, scale);
  return norm;
}

Bag AdamW::state() const {
  Bag state;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].name;
    state[name + ".exp_avg"] = first_[i];
    state[name + ".exp_avg_sq"] = second_[i];
    state[name + ".step"] = at::scalar_tensor(steps_[i], at::kLong);
  }
  return state;
}

void AdamW::set_state(const Bag& state) {
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].name;
    first_[i].copy_(stored(state, name + ".exp_avg", first_[i]));
    second_[i].copy_(stored(state, name + ".exp_avg_sq", second_[i]));
    steps_[i] = stored(state, name + ".step", at::empty({}, at::kLong)).item<std::int64_t>();
  }
}

double warmup_cosine(double epoch, double peak, double least, double warmup_epochs, double epochs) {
  if (epoch < warmup_epochs) return peak * epoch / warmup_epochs;
  if (epochs <= warmup_epochs) return peak;  // nothing left to decay over
  const double through = (epoch - warmup_epochs) / (epochs - warmup_epochs);
  return least + (peak - least) * 0.5 * (1.0 + std::cos(std::numbers::pi * through));
}

void ema_update(const std::vector<at::Tensor>& teacher, const std::vector<at::Tensor>& student, double momentum) {
  if (teacher.size() != student.size()) {
    throw std::invalid_argument(
        fmt::format("the teacher has {} tensors and the student {}", teacher.size(), student.size()));
  }
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < teacher.size(); ++i) {
    at::Tensor target = teacher[i];
    if (target.is_floating_point()) {
      target.lerp_(student[i], 1.0 - momentum);
    } else {
      target.copy_(student[i]);
    }
  }
}

}  // namespace vaso::train
