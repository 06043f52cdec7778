#include "model/weight_gradients.hpp"

#include "model/emulated_bf16.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace vaso::model {

namespace {

// So many products that could be computed are put by where no thread is ahead: what they read takes memory.
constexpr std::size_t kMostReady = 6;

struct Here {
  WeightGradients* gradients = nullptr;
  std::size_t part = 0;
};
thread_local Here here;

}  // namespace

WeightGradients::Part::Part(WeightGradients& gradients, std::size_t part) {
  here = {&gradients, part};
  const std::lock_guard lock(gradients.mutex_);
  gradients.started_[part] = true;
}

WeightGradients::Part::~Part() {
  const auto [gradients, part] = here;
  here = {};
  const std::lock_guard lock(gradients->mutex_);
  gradients->ended_[part] = true;
  gradients->changed_.notify_all();
}

void WeightGradients::Part::finish() {
  const auto [gradients, part] = here;
  std::unique_lock lock(gradients->mutex_);
  gradients->ended_[part] = true;
  gradients->changed_.notify_all();
  // Where there are fewer threads than parts, one that has not started may be waiting for this very thread.
  while (gradients->all(gradients->started_)) {
    gradients->changed_.wait(lock, [&] { return !gradients->ready_.empty() || gradients->all(gradients->ended_); });
    if (gradients->ready_.empty()) return;
    gradients->compute_next(lock);
  }
}

bool WeightGradients::add(const at::Tensor& weight, const at::Tensor& y, const at::Tensor& x) {
  const auto [gradients, part] = here;
  if (gradients == nullptr) return false;
  std::unique_lock lock(gradients->mutex_);
  Sum& sum = gradients->sums_[weight.data_ptr()];
  const std::size_t parts = gradients->ended_.size();
  if (sum.added.empty())
    sum = {weight.scalar_type(),
           std::vector<at::Tensor>(parts),
           std::vector<at::Tensor>(parts),
           std::vector<bool>(parts),
           parts,
           {}};
  if (sum.added[part]) return false;
  sum.added[part] = true;
  sum.y[part] = y;
  sum.x[part] = x;
  ++gradients->progress_[part];
  if (--sum.missing == 0) {
    gradients->ready_.push_back(&sum);
    gradients->changed_.notify_all();
  }
  while (!gradients->ready_.empty() && (gradients->is_ahead(part) || gradients->ready_.size() > kMostReady))
    gradients->compute_next(lock);
  return true;
}

at::Tensor WeightGradients::of(const at::Tensor& weight) {
  const auto found = sums_.find(weight.data_ptr());
  if (found == sums_.end()) return {};
  compute(found->second);  // what some part has not added to, or a fault left behind
  return found->second.value;
}

// Of what was added and is not computed yet.
void WeightGradients::compute(Sum& sum) {
  const at::NoGradGuard no_gradient;
  const auto take = [](std::vector<at::Tensor>& of_parts) {
    std::vector<at::Tensor> taken;
    for (at::Tensor& tensor : of_parts) {
      if (tensor.defined()) taken.push_back(std::exchange(tensor, {}));
    }
    return taken;
  };
  std::vector<at::Tensor> y = take(sum.y), x = take(sum.x);
  // A bf16 product would be rounded, widened and added for each part; that of all rows is rounded once. With few images
  // putting the rows together also moves less memory than sums of whole weights, with many about as much.
  if (!x.empty() && x[0].scalar_type() != sum.type) {
    y = {at::cat(y)};
    x = {at::cat(x)};
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const WithoutEmulation wide(x[i]);
    const at::Tensor of_y = wide.operand(y[i]).t(), of_x = wide.operand(x[i]);
    if (sum.value.defined() && of_x.scalar_type() == sum.type) {
      sum.value.addmm_(of_y, of_x);
    } else {
      const at::Tensor product = at::mm(of_y, of_x).to(sum.type);
      sum.value = sum.value.defined() ? sum.value.add_(product) : product;
    }
  }
}

void WeightGradients::compute_next(std::unique_lock<std::mutex>& lock) {
  Sum& sum = *ready_.front();
  ready_.pop_front();
  lock.unlock();
  compute(sum);  // nobody else has it now
  lock.lock();
}

bool WeightGradients::is_ahead(std::size_t part) const {
  return progress_[part] > *std::min_element(progress_.begin(), progress_.end());
}

bool WeightGradients::all(const std::vector<bool>& of_parts) const {
  return std::all_of(of_parts.begin(), of_parts.end(), [](bool is) { return is; });
}

}  // namespace vaso::model
