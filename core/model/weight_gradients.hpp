// Gradients of the weights of linear layers that the parts of a batch share (image_parts.hpp). No layer waits for them,
// so their products, a third of a training step's, are put by: whichever thread is ahead of the others computes them,
// for all images at once. Threads are seldom equally fast, and on the way back none has to wait for the slowest.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace vaso::model {

class WeightGradients {
 public:
  explicit WeightGradients(std::size_t parts) : progress_(parts), started_(parts), ended_(parts) {}

  // While it lives, this thread goes back through that part of the batch.
  class Part {
   public:
    Part(WeightGradients& gradients, std::size_t part);
    ~Part();
    Part(const Part&) = delete;
    // The part has gone back to its beginning: computes what is left, with the other threads.
    void finish();
  };

  // Puts by that the gradient of `weight` (outputs×inputs) is yᵀ·x more: y, rows×outputs, is the gradient of what a
  // layer made of x, rows×inputs. False, and nothing done, on a thread that goes through no part, or where the part has
  // done so for this weight already.
  static bool add(const at::Tensor& weight, const at::Tensor& y, const at::Tensor& x);

  // When all parts have ended: the sum over parts, in their order, so that it is the same to the bit whoever computed
  // it. Undefined where nothing was added.
  at::Tensor of(const at::Tensor& weight);

 private:
  struct Sum {
    at::ScalarType type = at::kFloat;
    std::vector<at::Tensor> y, x;  // by part
    std::vector<bool> added;
    std::size_t missing = 0;
    at::Tensor value;
  };
  static void compute(Sum& sum);
  void compute_next(std::unique_lock<std::mutex>& lock);
  bool is_ahead(std::size_t part) const;
  bool all(const std::vector<bool>& of_parts) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const void*, Sum> sums_;  // by the weight's memory
  std::deque<Sum*> ready_;           // all parts have added
  std::vector<std::size_t> progress_;
  std::vector<bool> started_, ended_;
};

}  // namespace vaso::model
