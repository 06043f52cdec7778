#include "train/device.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <opencv2/core/utility.hpp>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("devices: what there is, and a clear word where there is not") {
    CHECK(train::choose_device("cpu").is_cpu());
    CHECK_FALSE(train::device_name(c10::kCPU).empty());
    CHECK_THROWS_WITH_AS(train::choose_device("gpu"), doctest::Contains("auto, cpu or cuda"), std::runtime_error);
    if (!train::choose_device("auto").is_cuda()) {
      CHECK_THROWS_WITH_AS(train::choose_device("cuda"), doctest::Contains(train::libtorch_version().c_str()),
                           std::runtime_error);
    }
  }

  TEST_CASE("threads: what was asked for is in force and reported") {
    const std::string report = train::set_threads(2);
    CHECK(report.starts_with("aten=2 opencv=1 blas="));
    CHECK(at::get_num_threads() == 2);
    CHECK(cv::getNumThreads() == 1);
    CHECK(train::set_threads(1).starts_with("aten=1 "));
    CHECK(train::set_threads(0).starts_with("aten="));
  }

  TEST_CASE("a generator of one's own: repeatable, and the global one stays where it was") {
    const at::Generator& global = at::globalContext().defaultGenerator(c10::kCPU);
    const at::Tensor before = global.get_state().clone();
    const at::Tensor a = at::rand({8}, train::make_generator(c10::kCPU, 11));
    const at::Tensor b = at::rand({8}, train::make_generator(c10::kCPU, 11));
    const at::Tensor c = at::rand({8}, train::make_generator(c10::kCPU, 12));
    CHECK(at::equal(a, b));
    CHECK_FALSE(at::equal(a, c));
    CHECK(at::equal(global.get_state(), before));
    CHECK(train::make_generator(c10::kCPU, 1).getIntrusivePtr().weak_use_count() == 1);  // else it is never freed
  }

  TEST_CASE("precision: bf16 while it lives, fp32 before, after, and on request") {
    const at::Tensor a = at::ones({4, 4}), b = at::ones({4, 4});
    {
      const train::Precision half("bf16", c10::kCPU);
      CHECK((at::matmul(a, b).scalar_type() == at::kBFloat16));
      {
        const train::Precision inner("bf16", c10::kCPU);  // nested: the outer one stays in force
        CHECK((at::matmul(a, b).scalar_type() == at::kBFloat16));
      }
      CHECK((at::matmul(a, b).scalar_type() == at::kBFloat16));
    }
    CHECK((at::matmul(a, b).scalar_type() == at::kFloat));
    const train::Precision full("fp32", c10::kCPU);
    CHECK((at::matmul(a, b).scalar_type() == at::kFloat));
    CHECK_THROWS_WITH_AS(train::Precision("fp16", c10::kCPU), doctest::Contains("fp32 or bf16"), std::runtime_error);
  }
}
