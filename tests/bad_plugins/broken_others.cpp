// Components of the other kinds that load and would run, each of which breaks one rule of the contract.
#include "sdk/dataset.hpp"
#include "sdk/guidance.hpp"
#include "sdk/head.hpp"
#include "sdk/loss.hpp"
#include "sdk/objective.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/module.h>

#include <atomic>

namespace {

using vaso::NoParameters;
using vaso::RunShape;
using vaso::StepContext;

// x², whose derivative is said to be x.
struct WrongSquare : torch::autograd::Function<WrongSquare> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    return {gradients.at(0) * context->get_saved_variables().at(0)};
  }
};

class OnPrediction : public vaso::LossTerm {
 public:
  OnPrediction(const NoParameters&, const RunShape&) {}
  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.outputs = {"prediction"};
    return needs;
  }
};

struct WrongGradient final : OnPrediction {
  using OnPrediction::OnPrediction;
  at::Tensor value(StepContext& step) override { return WrongSquare::apply(step.outputs().at("prediction")).mean(); }
};

// The root of nothing has no derivative.
struct NanGradient final : OnPrediction {
  using OnPrediction::OnPrediction;
  at::Tensor value(StepContext& step) override { return (step.outputs().at("prediction") * 0).square().sum().sqrt(); }
};

struct Detached final : OnPrediction {
  using OnPrediction::OnPrediction;
  at::Tensor value(StepContext& step) override { return step.outputs().at("prediction").detach().mean(); }
};

// Divides by the largest value, which is zero where there is no vessel.
class ScalesByZero final : public vaso::GuidanceSource {
 public:
  ScalesByZero(const NoParameters&, const RunShape&) {}
  Stage stage() const override { return Stage::step; }
  at::Tensor map(StepContext& step, const std::vector<at::Tensor>&) override {
    const at::Tensor filter = step.batch().at("filter");
    return filter / filter.max();
  }
};

class ChangingRecords final : public vaso::Dataset {
 public:
  ChangingRecords(const NoParameters&, const RunShape&) {}
  std::int64_t size() const override { return 3; }
  vaso::RecordId id(std::int64_t index) const override {
    vaso::RecordId id;
    id.name = std::to_string(index);
    return id;
  }
  vaso::Record record(std::int64_t index) const override {
    return {id(index), at::full({16, 16}, ++calls_ % 256, at::kByte), {}, {}, {}};
  }

 private:
  mutable std::atomic<int> calls_ = 0;
};

class PromisesTooMuch final : public vaso::Objective {
 public:
  PromisesTooMuch(const NoParameters&, const RunShape& shape) : shape_(shape) {}
  std::shared_ptr<torch::nn::Module> network() override { return nullptr; }
  std::map<std::string, std::int64_t> outputs() const override {
    return {{"latent", shape_.encoder_dim}, {"prediction", shape_.patch_values()}};
  }
  vaso::Bag forward(vaso::Networks& networks, const vaso::Bag& batch, const vaso::MaskPlan&,
                    std::string_view) override {
    vaso::EncodeRequest request;
    request.image = batch.at("image");
    return {{"latent", networks.encoder->encode(request).tokens}};
  }

 private:
  RunShape shape_;
};

// Divides the loss by the number of pixels that carry a label.
class NeedsLabels final : public vaso::Head {
 public:
  NeedsLabels(const NoParameters&, const RunShape&) {}
  struct Scale : torch::nn::Module {
    Scale() : weight(register_parameter("weight", at::ones({1}))) {}
    at::Tensor weight;
  };
  Answer answer() const override { return Answer::masks; }
  bool uses_encoder() const override { return false; }
  std::shared_ptr<torch::nn::Module> network(const std::vector<std::string>& labels) override {
    if (labels.size() != 1) throw vaso::ParameterError("labels", "it tells one label from the rest, no more");
    return std::make_shared<Scale>();
  }
  vaso::Bag losses(const vaso::HeadNetworks& networks, const vaso::LabelledBatch& batch, at::Generator) override {
    const at::Tensor error = (logits(networks, batch.image) - batch.masks).square() * batch.masks;
    return {{"error", error.sum() / batch.masks.sum()}};
  }
  at::Tensor logits(const vaso::HeadNetworks& networks, const at::Tensor& image) override {
    return 0.5 * image.mean({1}, true) * dynamic_cast<Scale&>(*networks.head).weight;
  }
  at::Tensor masks(const at::Tensor& logits) const override { return logits > 0.25; }
};

}  // namespace

VASO_PLUGIN("broken-others", "1.0.0",
            "loss.wrong_gradient loss.nan_gradient loss.detached guidance.scales_by_zero dataset.changing_records "
            "objective.promises_too_much head.needs_labels") {
  plugins.add<WrongGradient, NoParameters>("wrong_gradient", "an autograd function whose backward() is wrong");
  plugins.add<NanGradient, NoParameters>("nan_gradient", "a gradient that is NaN");
  plugins.add<Detached, NoParameters>("detached", "no gradient at all");
  plugins.add<ScalesByZero, NoParameters>("scales_by_zero", "NaN where there is no vessel");
  plugins.add<ChangingRecords, NoParameters>("changing_records", "another image every time");
  plugins.add<PromisesTooMuch, NoParameters>("promises_too_much", "lacks an output that it names");
  plugins.add<NeedsLabels, NoParameters>("needs_labels", "NaN in images without a label");
}
