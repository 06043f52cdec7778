#include "model/fused_patches.hpp"

#include "cuda/test_support.hpp"
#include "model/mim_losses.hpp"
#include "model/test_support.hpp"

#include <ATen/ATen.h>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

struct Result {
  at::Tensor errors, image, of_errors, of_image;
};

Result run(const at::Tensor& prediction, const at::Tensor& image, const MaskPlan& plan, std::int64_t patch, bool norm) {
  const at::Tensor first = prediction.clone().set_requires_grad(true), second = first.detach().set_requires_grad(true);
  const at::Tensor errors = model::patch_errors(first, image, patch, norm);
  const at::Tensor made = model::reconstruct_image(second, image, patch, norm, plan);
  (errors * waves(errors.sizes(), 0.7).to(errors.device(), errors.scalar_type())).sum().backward();
  (made * waves(made.sizes(), 0.3).to(made.device(), made.scalar_type())).sum().backward();
  return {errors, made, first.grad(), second.grad()};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("patches on a GPU in one pass: values and gradients of the plain losses in float64") {
    CHECK_FALSE(model::can_fuse_patches(waves({1, 4, 12}, 0.1), waves({1, 3, 4, 4}, 0.1)));
    if (cuda::no_gpu()) return;
    for (const std::int64_t patch : {16, 14, 7, 2}) {
      for (const bool norm : {true, false}) {
        for (const bool drops : {true, false}) {
          CAPTURE(patch);
          CAPTURE(norm);
          CAPTURE(drops);
          const at::Tensor image = waves({2, 3, 3 * patch, 3 * patch}, 0.37);
          const at::Tensor prediction = waves({2, 9, 3 * patch * patch}, 0.21);
          MaskPlan plan;
          if (drops) plan.state = at::arange(18).reshape({2, 9}).remainder(3).sub(1).to(at::kChar);
          const Result exact = run(prediction.to(at::kDouble), image.to(at::kDouble), plan, patch, norm);
          if (drops) plan.state = plan.state.to(c10::kCUDA);
          REQUIRE(model::can_fuse_patches(prediction.to(c10::kCUDA), image.to(c10::kCUDA)));
          const Result ours = run(prediction.to(c10::kCUDA), image.to(c10::kCUDA), plan, patch, norm);
          CHECK(relative_error(ours.errors.cpu(), exact.errors) < 1e-5);
          CHECK(relative_error(ours.image.cpu(), exact.image) < 1e-5);
          CHECK(relative_error(ours.of_errors.cpu(), exact.of_errors) < 1e-5);
          CHECK(relative_error(ours.of_image.cpu(), exact.of_image) < 1e-5);
        }
      }
    }
  }
}
