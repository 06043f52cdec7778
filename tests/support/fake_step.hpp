// A step without a run: what a masking strategy needs to be asked for a plan, set by the test.
#pragma once

#include "sdk/masking.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <map>
#include <stdexcept>
#include <string>

namespace vaso::tests {

class FakeStep final : public StepContext {
 public:
  RunShape run_shape;
  Progress where;
  Bag tensors;             // the batch
  at::Tensor guide;        // what guidance() answers
  std::uint64_t seed = 1;  // of generator()
  Networks nets, teacher_nets;
  Bag forward_result;  // what forward() answers
  MaskPlan made;
  Bag results;  // what outputs() answers
  std::map<std::string, double> logged;

  const RunShape& shape() const override { return run_shape; }
  const Progress& progress() const override { return where; }
  const Bag& batch() const override { return tensors; }
  at::Generator generator() override { return at::make_generator<at::CPUGeneratorImpl>(seed); }
  at::Tensor guidance() override { return guide; }
  Networks& student() override { return nets; }
  Networks& teacher() override { return teacher_nets; }
  FrozenNetwork& frozen(std::string_view) override { throw std::logic_error("no frozen network here"); }
  Bag forward(Networks&, const MaskPlan&, std::string_view) override { return forward_result; }
  const MaskPlan& plan() const override { return made; }
  const Bag& outputs() const override { return results; }
  at::Tensor once(const std::string& key, const std::function<at::Tensor()>& compute) override {
    const auto found = memory_.find(key);
    return found != memory_.end() ? found->second : memory_[key] = compute();
  }
  void log(std::string_view series, double value) override { logged[std::string(series)] = value; }

 private:
  Bag memory_;
};

}  // namespace vaso::tests
