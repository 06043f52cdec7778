// The two things that losses do with predicted patches, on a GPU each in one pass over memory (cuda/patches.hpp).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::model {

// On a GPU: prediction and image float32 and contiguous, and the image asks for no gradient.
bool can_fuse_patches(const at::Tensor& prediction, const at::Tensor& image);

// As patch_errors() and reconstruct_image() of mim_losses.hpp; dropped: B×L bool, may be undefined. Only where
// can_fuse_patches().
at::Tensor fused_patch_errors(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size,
                              bool norm_pix);
at::Tensor fused_image(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size, bool norm_pix,
                       const at::Tensor& dropped);

}  // namespace vaso::model
