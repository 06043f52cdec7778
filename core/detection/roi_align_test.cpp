#include "detection/roi_align.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::detection;
using tests::fingerprint;
using tests::worst;

namespace {

// Regions in a map of 9×11 cells of 4 pixels: inside, over the border, smaller than a cell, outside.
at::Tensor regions() {
  return at::tensor({0.,  2.,  3., 30., 28., 1.,  -12., -7., 20., 19., 1., 10., 10., 10.5, 11., 0.,  25., 20.,
                     70., 60., 1., 5.,  1.,  43., 35.,  0.,  7.,  6.,  5., 9.,  1.,  60.,  60., 80., 80.},
                    at::kFloat)
      .view({7, 5});
}
at::Tensor features() { return tests::hashed({2, 3, 9, 11}, "roi.features"); }

using Implementation = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const RoiAlignOptions&);

struct Pooled {
  at::Tensor values, gradient;
};

Pooled pool(Implementation align, const at::Tensor& map, const RoiAlignOptions& options) {
  const at::Tensor x = map.detach().clone().requires_grad_();
  const at::Tensor y = align(x, regions(), options);
  (y * tests::hashed(y.sizes(), "roi.gradient").to(y.scalar_type())).sum().backward();
  return {y.detach(), x.grad()};
}

struct Expected {
  bool aligned;
  std::int64_t samples;
  const std::vector<double>&values, &gradient;
};

const Expected expected[] = {
    {false, 0, tests::oracle::roi_plain_0, tests::oracle::roi_gradient_plain_0},
    {false, 2, tests::oracle::roi_plain_2, tests::oracle::roi_gradient_plain_2},
    {true, 0, tests::oracle::roi_aligned_0, tests::oracle::roi_gradient_aligned_0},
    {true, 2, tests::oracle::roi_aligned_2, tests::oracle::roi_gradient_aligned_2},
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("values and gradients are torchvision's, by the kernel and by matrix products") {
    for (const Expected& e : expected) {
      for (const Implementation align : {roi_align, roi_align_by_products}) {
        CAPTURE(e.aligned);
        CAPTURE(e.samples);
        CAPTURE((align == roi_align ? "kernel" : "products"));
        const Pooled pooled = pool(align, features(), {3, 0.25, e.samples, e.aligned});
        CHECK(worst(fingerprint(pooled.values, 6), e.values) < 2e-6);
        CHECK(worst(fingerprint(pooled.gradient, 6), e.gradient) < 2e-6);
      }
    }
    CHECK(worst(roi_align(features(), regions(), {3, 0.25, 2, false})[0][0], tests::oracle::roi_first) < 2e-6);
  }

  TEST_CASE("both ways agree in float64 to rounding") {
    const at::Tensor map = features().to(at::kDouble);
    for (const Expected& e : expected) {
      const RoiAlignOptions options{5, 0.25, e.samples, e.aligned};
      const Pooled kernel = pool(roi_align, map, options), products = pool(roi_align_by_products, map, options);
      CHECK((kernel.values - products.values).abs().max().item<double>() < 1e-13);
      CHECK((kernel.gradient - products.gradient).abs().max().item<double>() < 1e-13);
    }
  }

  TEST_CASE("a constant map pools to its constant inside, and to zero far outside") {
    const at::Tensor y = roi_align(at::full({2, 3, 9, 11}, 2.5), regions(), {7, 0.25});
    CHECK((y[0] - 2.5).abs().max().item<double>() < 1e-6);
    CHECK(y[6].abs().max().item<double>() == 0);
  }

  TEST_CASE("gradients have the same bits for any number of threads") {
    const at::Tensor map = tests::hashed({2, 64, 9, 11}, "wide");
    const int before = at::get_num_threads();
    at::set_num_threads(1);
    const Pooled one = pool(roi_align, map, {7, 0.25, 0, true});
    at::set_num_threads(3);
    const Pooled three = pool(roi_align, map, {7, 0.25, 0, true});
    at::set_num_threads(before);
    CHECK(at::equal(one.values, three.values));
    CHECK(at::equal(one.gradient, three.gradient));
  }

  TEST_CASE("no regions give nothing, and a gradient of zero; half types are pooled in float32") {
    for (const Implementation align : {roi_align, roi_align_by_products}) {
      const at::Tensor x = features().requires_grad_();
      const at::Tensor y = align(x, at::zeros({0, 5}), {});
      CHECK(y.sizes() == at::IntArrayRef({0, 3, 7, 7}));
      y.sum().backward();
      CHECK(x.grad().abs().max().item<double>() == 0);
    }
    const at::Tensor half = features().to(at::kBFloat16);
    CHECK(at::equal(roi_align(half, regions(), {}), roi_align(half.to(at::kFloat), regions(), {}).to(at::kBFloat16)));
    CHECK_THROWS(roi_align(features().narrow(0, 0, 1), regions(), {}));  // the second image is not there
  }
}
