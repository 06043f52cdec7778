// Attention-guided mask and throw (AMT; Liu et al., AAAI 2023; guijiejie/AMT, models_mae.py: amt_masking_throwing).
//
// Every few epochs a sweep over all images stores, per sample, how much the class token of the student attends to each
// patch. From then on patches are drawn by that map, cropped and flipped with the image: the first are masked, the next
// thrown away, the rest kept. The released code crops the map with integer arithmetic that always picks its top left
// corner (crop_bug); here the crop is bilinear.
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace {

struct Params {
  double ratio = 0.45;
  double throw_ratio = 0.40;
  double warmup_ratio = 0.75;
  std::int64_t first_sweep = 40;
  std::int64_t sweep_every = 40;
  bool crop_bug = false;
  void describe(vaso::Schema& s) {
    s.field(ratio, "ratio", "share of patches masked; int(L ratio) of L").range(0.01, 0.99);
    s.field(throw_ratio, "throw_ratio", "share of patches dropped from encoder and decoder").range(0, 0.95);
    s.field(warmup_ratio, "warmup_ratio", "share of patches masked evenly before the first sweep").range(0.01, 0.99);
    s.field(first_sweep, "first_sweep", "epoch (from 0) after which attention is first measured")
        .unit("epochs")
        .at_least(0);
    s.field(sweep_every, "sweep_every", "epochs between sweeps").unit("epochs").at_least(1);
    s.field(
        crop_bug, "crop_bug",
        "cut the maps as the released code does: whatever the image's crop, their top left two cells, or three where "
        "the crop ends at the image's edge");
  }
};

class Attention final : public vaso::MaskingStrategy {
 public:
  Attention(const Params& params, const vaso::RunShape& shape) : params_(params), shape_(shape) {
    const auto tokens = static_cast<double>(shape.tokens());
    masked_ = static_cast<std::int64_t>(std::floor(tokens * params.ratio));
    dropped_ = static_cast<std::int64_t>(std::floor(tokens * (params.ratio + params.throw_ratio))) - masked_;
    if (masked_ < 1)
      throw vaso::ParameterError("ratio", "masks none of the " + std::to_string(shape.tokens()) + " patches");
    if (vaso::kept_tokens(shape.tokens(), params.warmup_ratio) < 1) {
      throw vaso::ParameterError("warmup_ratio", "hides all " + std::to_string(shape.tokens()) +
                                                     " patches, and the encoder needs at least one; choose a smaller "
                                                     "ratio");
    }
    if (masked_ + dropped_ >= shape.tokens()) {
      throw vaso::ParameterError("throw_ratio",
                                 "ratio + throw_ratio leave no patch for the encoder; keep the sum below 1");
    }
  }

  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const at::Tensor image = step.batch().at("image");
    const std::int64_t batch = image.size(0);
    at::Generator generator = step.generator();
    if (!attention_.defined()) {
      const at::Tensor nothing = at::zeros({batch, shape_.tokens()}, image.options().dtype(at::kBool));
      const std::int64_t count = shape_.tokens() - vaso::kept_tokens(shape_.tokens(), params_.warmup_ratio);
      const at::Tensor counts = at::full({batch}, count, image.options().dtype(at::kLong));
      return {vaso::draw_evenly(nothing, counts, generator).to(at::kChar), {}, {0, shape_.tokens() - count, count}};
    }
    // Two draws in a row without replacement are one longer draw: the next-drawn patches are thrown.
    const at::Tensor weights = patch_weights(step.batch());
    const at::Tensor masked = vaso::draw_weighted(weights, masked_, generator);
    const at::Tensor dropped = vaso::draw_weighted(weights.masked_fill(masked, 0), dropped_, generator);
    const at::Tensor state = at::zeros(masked.sizes(), image.options().dtype(at::kChar))
                                 .masked_fill(masked, vaso::MaskPlan::mask)
                                 .masked_fill(dropped, vaso::MaskPlan::drop);
    return {state, {}, {dropped_, shape_.tokens() - masked_ - dropped_, masked_}};
  }

  bool wants_sweep(const vaso::Progress& progress) const override {
    const std::int64_t since = progress.epoch - params_.first_sweep;
    return since >= 0 && since % params_.sweep_every == 0 && progress.epoch + 1 < progress.epochs;
  }

  void epoch_end(vaso::Sweep& sweep) override {
    const std::int64_t grid = shape_.grid();
    at::Tensor measured = at::zeros({shape_.samples, grid, grid});
    sweep.for_each_batch([&](const vaso::Bag& batch) {
      vaso::EncodeRequest request;
      request.image = batch.at("image");
      request.attention = true;
      const vaso::EncodeResult result = sweep.student().encoder->encode(request);
      // From the class token to every patch: B×heads×L, each head stretched to [0,1], then the mean of the heads.
      at::Tensor a = result.attention.select(2, 0).slice(2, result.prefix).to(at::kFloat);
      a = a - a.amin(-1, true);
      a = (a / a.amax(-1, true).clamp_min(1e-12)).mean(1);
      measured.index_copy_(0, batch.at("index").cpu(), a.cpu().reshape({-1, grid, grid}));
    });
    attention_ = measured;
  }

  vaso::Bag state() const override {
    vaso::Bag state;
    if (attention_.defined()) state["attention"] = attention_;
    return state;
  }
  void set_state(const vaso::Bag& state) override {
    const auto found = state.find("attention");
    attention_ = found == state.end() ? at::Tensor() : found->second;
  }

 private:
  // The stored map of each sample, cut out and flipped as its image was, summed over the pixels of each patch: B×L.
  at::Tensor patch_weights(const vaso::Bag& batch) const {
    const at::Tensor image = batch.at("image");
    const std::int64_t count = image.size(0), side = shape_.image_size;
    const at::Tensor maps = attention_.index_select(0, batch.at("index").cpu()).unsqueeze(1).to(image.device());
    const at::Tensor crop = batch.at("crop").to(at::kFloat);
    if (params_.crop_bug) return vaso::patch_sums(released_crop(maps, crop), shape_.patch_size) + 1e-8;
    const auto column = [&](std::int64_t c) { return crop.select(1, c); };
    const at::Tensor top = column(0), left = column(1), height = column(2), width = column(3);
    const at::Tensor direction = 1 - 2 * column(4);  // −1 where flipped
    const at::Tensor zero = at::zeros_like(top);
    // Output coordinates in [−1,1] to map coordinates in [−1,1].
    const at::Tensor theta =
        at::stack({width * direction, zero, 2 * left + width - 1, zero, height, 2 * top + height - 1}, 1)
            .reshape({count, 2, 3});
    const at::Tensor where = at::affine_grid_generator(theta, {count, 1, side, side}, /*align_corners=*/false);
    constexpr std::int64_t bilinear = 0, border = 1;
    const at::Tensor view = at::grid_sampler(maps, where, bilinear, border, /*align_corners=*/false).clamp(0, 1);
    return vaso::patch_sums(view, shape_.patch_size) + 1e-8;  // every patch can be drawn
  }

  // amtdatasets.py divides pixels by the image's size and not by a cell's. What is left of a crop is whether it ends at
  // the image's edge: then three rows or columns of cells, else two.
  // maps: B×1×g×g; crop as in StepContext::batch(). Returns B×1×side×side.
  at::Tensor released_crop(const at::Tensor& maps, const at::Tensor& crop) const {
    const std::int64_t side = shape_.image_size;
    const auto ends_at_edge = [&](std::int64_t begin, std::int64_t extent) {
      return (crop.select(1, begin) + crop.select(1, extent)).gt(1 - 1e-4).view({-1, 1, 1, 1});
    };
    const auto cut = [&](std::int64_t rows, std::int64_t columns) {
      return at::upsample_bilinear2d(maps.slice(2, 0, rows).slice(3, 0, columns), {side, side},
                                     /*align_corners=*/false);
    };
    const at::Tensor bottom = ends_at_edge(0, 2), right = ends_at_edge(1, 3);
    const at::Tensor view =
        at::where(bottom, at::where(right, cut(3, 3), cut(3, 2)), at::where(right, cut(2, 3), cut(2, 2)));
    const at::Tensor flipped = crop.select(1, 4).gt(0.5).view({-1, 1, 1, 1});
    return at::where(flipped, view.flip({3}), view).clamp(0, 1);
  }

  Params params_;
  vaso::RunShape shape_;
  std::int64_t masked_ = 0, dropped_ = 0;
  at::Tensor attention_;  // N×g×g in [0,1], by position in the data set; undefined before the first sweep
};

}  // namespace

VASO_PLUGIN("masking.attention", "1.0.0", "masking.attention") {
  plugins.add<Attention, Params>("attention",
                                 "mask and throw patches by the student's own attention, per sample (AMT)");
}
