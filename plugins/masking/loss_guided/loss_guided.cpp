// Hard patches mining (HPM; Wang et al., arXiv 2304.05919; Haochen-Wang409/HPM, models_mae_learn_loss.py:
// generate_mask, forward_learning_loss).
//
// A second decoder learns to rank masked patches by their reconstruction loss. Its slowly moving teacher scores every
// patch of the unmasked image; a growing share of the mask goes to the patches with the highest scores, the rest is
// drawn evenly.
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include "ranking.hpp"

#include "model/mim_losses.hpp"
#include "model/vit.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace {

struct Params {
  double ratio = 0.75;
  double hard_share = 0.5;
  std::int64_t depth = 8;
  std::int64_t heads = 16;
  double momentum_start = 0.999;
  double momentum_end = 0.9999;
  std::int64_t momentum_epochs = 100;
  bool norm_pix = true;
  void describe(vaso::Schema& s) {
    s.field(ratio, "ratio", "share of patches hidden; L - int(L(1-ratio)) of L").range(0.01, 0.99);
    s.field(hard_share, "hard_share", "share of the mask given to the hardest patches in the last epoch").range(0, 1);
    s.field(depth, "depth", "blocks of the loss predictor").range(1, 64);
    s.field(heads, "heads", "attention heads of the loss predictor; must divide the decoder's width").range(1, 64);
    s.field(momentum_start, "momentum_start", "of the teacher, in the first epoch").range(0, 1);
    s.field(momentum_end, "momentum_end", "of the teacher, from momentum_epochs on").range(0, 1);
    s.field(momentum_epochs, "momentum_epochs", "epochs over which the momentum rises").unit("epochs").at_least(1);
    s.field(norm_pix, "norm_pix",
            "rank losses of per-patch normalised pixels, as loss.pixel_reconstruction's norm_pix");
  }
};

class Linear : public torch::nn::Module {
 public:
  Linear(std::int64_t in, std::int64_t out)
      : weight(register_parameter("weight", at::empty({out, in}))),
        bias(register_parameter("bias", at::empty({out}))) {}
  at::Tensor weight, bias;
};

class Norm : public torch::nn::Module {
 public:
  explicit Norm(std::int64_t dim)
      : weight(register_parameter("weight", at::ones({dim}))), bias(register_parameter("bias", at::zeros({dim}))) {}
  at::Tensor weight, bias;
};

// Decoder tokens B×(1+T)×d → one score per token but the first, B×T: the mean of P outputs, as released.
class LossPredictor : public torch::nn::Module {
 public:
  LossPredictor(std::int64_t dim, std::int64_t depth, std::int64_t heads, std::int64_t values)
      : norm_(register_module("norm", std::make_shared<Norm>(dim))),
        pred_(register_module("pred", std::make_shared<Linear>(dim, values))) {
    for (std::int64_t i = 0; i < depth; ++i) {
      blocks_.push_back(
          register_module("block" + std::to_string(i),
                          std::make_shared<vaso::model::Block>(dim, heads, /*mlp_ratio=*/4.0, /*norm_eps=*/1e-6)));
    }
  }
  at::Tensor forward(at::Tensor x) {
    for (const auto& block : blocks_) x = block->forward(x);
    x = at::layer_norm(x, {x.size(-1)}, norm_->weight, norm_->bias, 1e-6);
    return at::linear(x, pred_->weight, pred_->bias).slice(1, 1).to(at::kFloat).mean(-1);
  }

 private:
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Linear> pred_;
  std::vector<std::shared_ptr<vaso::model::Block>> blocks_;
};

class LossGuided final : public vaso::MaskingStrategy {
 public:
  LossGuided(const Params& params, const vaso::RunShape& shape)
      : params_(params), shape_(shape), masked_(shape.tokens() - vaso::kept_tokens(shape.tokens(), params.ratio)) {
    if (masked_ >= shape.tokens()) {
      throw vaso::ParameterError("ratio", "hides all " + std::to_string(shape.tokens()) +
                                              " patches, and the encoder needs at least one; choose a smaller ratio");
    }
  }

  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.teacher = true;
    needs.outputs = {"decoder_input", "prediction"};
    return needs;
  }

  std::shared_ptr<torch::nn::Module> network(const vaso::Objective& objective) override {
    const std::int64_t dim = objective.outputs().at("decoder_input");
    if (dim % params_.heads != 0) {
      throw vaso::ParameterError("heads", std::to_string(params_.heads) +
                                              " heads do not divide the decoder's width of " + std::to_string(dim));
    }
    return std::make_shared<LossPredictor>(dim, params_.depth, params_.heads, shape_.patch_values());
  }

  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const at::Tensor image = step.batch().at("image");
    const std::int64_t batch = image.size(0);
    const double share = params_.hard_share * static_cast<double>(step.progress().epoch + 1) /
                         static_cast<double>(step.progress().epochs);
    const auto hard_count = static_cast<std::int64_t>(std::floor(static_cast<double>(masked_) * share));
    step.log("hard_patches", static_cast<double>(hard_count));
    at::Tensor hard = at::zeros({batch, shape_.tokens()}, image.options().dtype(at::kBool));
    if (hard_count > 0) {
      vaso::MaskPlan nothing;
      nothing.state = at::zeros({batch, shape_.tokens()}, image.options().dtype(at::kChar));
      nothing.counts = {0, shape_.tokens(), 0};
      const at::Tensor tokens = step.forward(step.teacher(), nothing, "decoder_input").at("decoder_input");
      const at::Tensor score = dynamic_cast<LossPredictor&>(*step.teacher().masking).forward(tokens);
      hard.scatter_(1, std::get<1>(score.topk(hard_count, /*dim=*/1)), true);
    }
    const at::Tensor rest = at::full({batch}, masked_ - hard_count, image.options().dtype(at::kLong));
    const at::Tensor easy = vaso::draw_evenly(hard, rest, step.generator());
    return {hard.logical_or(easy).to(at::kChar),
            at::full({batch}, hard_count, image.options().dtype(at::kLong)),
            {0, shape_.tokens() - masked_, masked_}};
  }

  at::Tensor loss(vaso::StepContext& step) override {
    vaso::model::agree_on_pixel_space(step, "masking.loss_guided", params_.norm_pix);
    const at::Tensor masked = vaso::tokens_in_state(step.plan(), vaso::MaskPlan::mask);
    const at::Tensor scores =
        dynamic_cast<LossPredictor&>(*step.student().masking).forward(step.outputs().at("decoder_input"));
    const at::Tensor losses = vaso::model::patch_errors(step.outputs().at("prediction").detach(),
                                                        step.batch().at("image"), shape_.patch_size, params_.norm_pix);
    return vaso::ranking_loss(scores.gather(1, masked), losses.gather(1, masked));
  }

  double teacher_momentum(const vaso::Progress& progress) const override {
    const double risen =
        std::min(1.0, static_cast<double>(progress.epoch) / static_cast<double>(params_.momentum_epochs));
    return params_.momentum_start + risen * (params_.momentum_end - params_.momentum_start);
  }

 private:
  Params params_;
  vaso::RunShape shape_;
  std::int64_t masked_;
};

}  // namespace

VASO_PLUGIN("masking.loss_guided", "1.0.0", "masking.loss_guided") {
  plugins.add<LossGuided, Params>("loss_guided", "hide the patches that a learned predictor expects to be hard (HPM)");
}
