// For tests of a plugin: a component as an experiment makes it, and a step to call it with.
//
//   auto strategy = vaso::testing::make<vaso::MaskingStrategy>("masking.block", "ratio = 0.5", shape);
//   vaso::testing::Step step;
//   step.tensors["image"] = at::zeros({2, 3, 64, 64});
//   const vaso::MaskPlan plan = strategy->plan(step);
#pragma once

#include "sdk/masking.hpp"
#include "sdk/schema.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace vaso::testing {

// Loads the plugin that provides "masking.block" and makes the component with parameters from lines of TOML; what is
// left out has its default. Looks where `vaso` looks: VASO_PLUGIN_PATH, then beside the program. Throws
// std::runtime_error (not found, refused, faults of the TOML) and ParameterError.
VASO_API std::shared_ptr<Component> make_component(const std::string& name, const std::string& toml,
                                                   const RunShape& shape);

template <class Interface>
std::shared_ptr<Interface> make(const std::string& name, const std::string& toml = "", const RunShape& shape = {}) {
  auto component = std::dynamic_pointer_cast<Interface>(make_component(name, toml, shape));
  if (component == nullptr) throw std::runtime_error(name + " is not of the kind that it is asked for as");
  return component;
}

// A step that answers what the test put into it.
class VASO_API Step final : public StepContext {
 public:
  ~Step() override;

  RunShape run_shape;
  Progress where;
  Bag tensors;             // the batch
  at::Tensor guide;        // what guidance() answers
  std::uint64_t seed = 1;  // of generator()
  Networks nets, teacher_nets;
  Bag forward_result;  // what forward() answers
  MaskPlan made;       // what plan() answers
  Bag results;         // what outputs() answers
  std::map<std::string, double> logged;

  const RunShape& shape() const override { return run_shape; }
  const Progress& progress() const override { return where; }
  const Bag& batch() const override { return tensors; }
  at::Generator generator() override;  // the same numbers every time
  at::Tensor guidance() override { return guide; }
  Networks& student() override { return nets; }
  Networks& teacher() override { return teacher_nets; }
  FrozenNetwork& frozen(std::string_view name) override;  // throws: there is none
  Bag forward(Networks&, const MaskPlan&, std::string_view) override { return forward_result; }
  const MaskPlan& plan() const override { return made; }
  const Bag& outputs() const override { return results; }
  at::Tensor once(const std::string& key, const std::function<at::Tensor()>& compute) override;
  void log(std::string_view series, double value) override { logged[std::string(series)] = value; }

 private:
  Bag memory_;
};

}  // namespace vaso::testing
