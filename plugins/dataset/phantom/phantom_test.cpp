#include "vision/planes.hpp"
#include "vision/vesselness.hpp"

#include "sdk/dataset.hpp"

#include "support/plugins.hpp"

#include <ATen/ops/max_pool2d.h>
#include <doctest/doctest.h>

using namespace vaso;

namespace {

std::shared_ptr<Dataset> phantoms(const std::string& toml) {
  return tests::make_plugin<Dataset>("dataset.phantom", toml, RunShape{});
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a frame depends on the seed and its index alone") {
    const auto few = phantoms("count = 3\nsize = 96"), many = phantoms("count = 30\nsize = 96");
    CHECK(few->size() == 3);
    CHECK(few->record(2).image.equal(many->record(2).image));
    CHECK(few->record(2).maps.at("vessel").equal(many->record(2).maps.at("vessel")));
    CHECK_FALSE(few->record(1).image.equal(few->record(2).image));
    CHECK_FALSE(phantoms("size = 96\nseed = 1")->record(2).image.equal(few->record(2).image));
    CHECK(few->id(2).name == "phantom-000002");
  }

  TEST_CASE("vessels cover a share of the frame like real ones, and are darker than what is around them") {
    const auto dataset = phantoms("count = 20\ncollimator = 0.0");
    double share = 0;
    for (std::int64_t i = 0; i < 20; ++i) {
      const Record record = dataset->record(i);
      REQUIRE(record.image.sizes() == at::IntArrayRef({256, 256}));
      const at::Tensor vessel = record.maps.at("vessel") > 127;
      CHECK(record.maps.at("vessel").eq(0).logical_or(vessel).all().item<bool>());
      share += vessel.to(at::kDouble).mean().item<double>() / 20;
      const at::Tensor near =
          at::max_pool2d(vessel.to(at::kFloat).reshape({1, 1, 256, 256}), 11, 1, 5).reshape({256, 256}) > 0;
      const at::Tensor around = near.logical_and(vessel.logical_not());
      CHECK(record.image.masked_select(vessel).to(at::kFloat).mean().item<float>() + 3 <
            record.image.masked_select(around).to(at::kFloat).mean().item<float>());
    }
    CHECK(share > 0.01);
    CHECK(share < 0.08);
  }

  TEST_CASE("a vesselness filter finds the vessels") {
    const auto dataset = phantoms("count = 8\nsize = 256");
    double hit = 0, chance = 0;
    for (std::int64_t i = 0; i < 8; ++i) {
      const Record record = dataset->record(i);
      const auto response = vision::frangi(vision::to_grey(record.image), {});
      const at::Tensor mask = vision::to_tensor(vision::component_mask(response, 10, 92, 40)) > 0;
      const at::Tensor vessel = record.maps.at("vessel") > 0;
      hit += vessel.logical_and(mask).sum().item<double>() / std::max(1.0, vessel.sum().item<double>()) / 8;
      chance += mask.to(at::kDouble).mean().item<double>() / 8;
    }
    CHECK(hit > 4 * chance);
  }

  TEST_CASE("the options do what they say") {
    CHECK(phantoms("trees = 0\nsize = 64")->record(0).maps.at("vessel").sum().item<std::int64_t>() == 0);
    const at::Tensor even =
        phantoms("trees = 0\nbackground = 0.0\nnoise = 0.0\ncollimator = 0.0\nsize = 64")->record(0).image;
    CHECK(even.max().item<int>() - even.min().item<int>() <= 1);
    const at::Tensor round = phantoms("collimator = 1.0\nsize = 128")->record(0).image;
    CHECK(round[0][0].item<int>() < 20);
    const auto deviation = [](const char* toml) {
      return phantoms(toml)->record(0).image.to(at::kFloat).std().item<float>();
    };
    CHECK(deviation("trees = 0\nbackground = 0.0\ncollimator = 0.0\nnoise = 10.0") ==
          doctest::Approx(11.6).epsilon(0.15));
  }
}
