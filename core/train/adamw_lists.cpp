#include "train/adamw_lists.hpp"

#include "train/torch_compat.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace vaso::train {

void update_by_foreach(AdamWLists& lists, double beta1, double beta2, double eps) {
  if (lists.parameters.empty()) return;
  std::vector<at::Scalar> keep, step_size, root_correction;
  for (const AdamWLists::Numbers& number : lists.numbers) {
    const auto t = static_cast<double>(number.t);
    keep.emplace_back(1.0 - number.rate * number.decay);
    step_size.emplace_back(-number.rate / (1.0 - std::pow(beta1, t)));
    root_correction.emplace_back(std::sqrt(1.0 - std::pow(beta2, t)));
  }
  at::_foreach_mul_(lists.parameters, keep);
  at::_foreach_mul_(lists.first, beta1);
  at::_foreach_add_(lists.first, lists.gradients, 1.0 - beta1);
  at::_foreach_mul_(lists.second, beta2);
  at::_foreach_addcmul_(lists.second, lists.gradients, lists.gradients, 1.0 - beta2);
  std::vector<at::Tensor> roots = at::_foreach_sqrt(lists.second);
  at::_foreach_div_(roots, root_correction);
  at::_foreach_add_(roots, eps);
  at::_foreach_addcdiv_(lists.parameters, lists.first, roots, step_size);
}

bool update_fused(AdamWLists& lists, double beta1, double beta2, double eps) {
  // The kernel has one rate, decay and step for a whole list.
  std::map<std::tuple<double, double, std::int64_t>, AdamWLists> groups;
  for (std::size_t i = 0; i < lists.numbers.size(); ++i) {
    const AdamWLists::Numbers& number = lists.numbers[i];
    AdamWLists& group = groups[{number.rate, number.decay, number.t}];
    group.parameters.push_back(lists.parameters[i]);
    group.gradients.push_back(lists.gradients[i].contiguous());
    group.first.push_back(lists.first[i]);
    group.second.push_back(lists.second[i]);
  }
  for (auto& [numbers, group] : groups) {
    const auto [rate, decay, t] = numbers;
    const at::Tensor step = at::full({}, static_cast<double>(t), group.parameters[0].options().dtype(at::kFloat));
    if (!compat::fused_adamw(group.parameters, group.gradients, group.first, group.second, step, rate, beta1, beta2,
                             decay, eps))
      return false;
  }
  return true;
}

void update_by_lists(AdamWLists& lists, double beta1, double beta2, double eps) {
  const auto suits = [](const at::Tensor& parameter) { return parameter.is_cuda() && parameter.is_contiguous(); };
  const bool all_suit = std::all_of(lists.parameters.begin(), lists.parameters.end(), suits);
  if (!all_suit || !update_fused(lists, beta1, beta2, eps)) update_by_foreach(lists, beta1, beta2, eps);
}

}  // namespace vaso::train
