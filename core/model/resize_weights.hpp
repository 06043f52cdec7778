// An encoder that was trained at one image and patch size, fitted to another.
#pragma once

#include "model/vit.hpp"
#include "model/weights.hpp"

#include <string>
#include <vector>

namespace vaso::model {

// Bicubic without antialiasing (MAE, detectron2, CheXWorld), or with it (timm's resample_abs_pos_embed). They differ
// for growing tables too: PyTorch's cubic is a = −½ with antialiasing, −¾ without. `offset` is without, and by a factor
// of (new + 0.1)/old, which shifts every sample a little: DINO and DINOv2 (vision_transformer.py,
// interpolate_pos_encoding), needed to give what they give at another size.
enum class PositionResize { plain, antialias, offset };

// Position table 1×(prefix+g²)×D to 1×(prefix+new_grid²)×D. The leading rows stay; the grid is resampled, align_corners
// off. Throws std::invalid_argument where the rows after the prefix are no square.
at::Tensor resize_positions(const at::Tensor& table, std::int64_t prefix, std::int64_t new_grid,
                            PositionResize how = PositionResize::plain);

// How a patch kernel D×C×p×p is brought to another p. `bicubic` resamples the kernel as if it were an image, which
// mmsegmentation and CheXWorld do; token magnitudes change with (new/p)². `flexivit` finds the kernel that gives a
// resized patch the token that the old kernel gave the patch: pseudo-inverse of the resampling (Beyer et al.,
// "FlexiViT", CVPR 2023, §3.4; exact when p grows).
enum class PatchResize { bicubic, flexivit };
at::Tensor resize_patch_kernel(const at::Tensor& weight, std::int64_t new_patch,
                               PatchResize how = PatchResize::bicubic);

// What became of each tensor of an encoder.
struct LoadReport {
  std::vector<std::string> loaded;      // as they were
  std::vector<std::string> resized;     // "pos_embed: 1×197×768 → 1×785×768"
  std::vector<std::string> missing;     // of the encoder, not in the file: declared new, and left at their first values
  std::vector<std::string> unexpected;  // in the file, not of the encoder: a decoder's, a class token's

  // A line on each of the four, with the names where they are few.
  std::string to_text() const;
};

struct LoadOptions {
  PositionResize positions = PositionResize::plain;
  PatchResize patches = PatchResize::bicubic;
};

// Fills an encoder from the tensors of another of the same width and depth, resizing positions, the patch kernel,
// relative positions (linearly, as detectron2's get_rel_pos) and relative biases (bicubic, as Swin's load_pretrained)
// where its sizes differ. A table's rows beyond a square are its prefix, dropped where the encoder has none. Relative
// positions and low-rank parts may be missing: they are new; so may be the periods of rotary positions, which are
// computed then. Anything else that is missing or does not fit, and whatever changes an encoder and has no place in
// this one (registers, positions of another kind), is a WeightError naming each tensor, and nothing is changed.
LoadReport load_encoder(Vit& vit, const Bag& from, const LoadOptions& options = {});

}  // namespace vaso::model
