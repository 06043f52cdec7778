// guidance.frangi, guidance.sato and guidance.stored as an experiment uses them; the filters themselves are tested in
// core/vision.
#include "sdk/guidance.hpp"

#include "support/plugins.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;

namespace {

Record phantom() { return tests::make_plugin<Dataset>("dataset.phantom", "size = 128", RunShape{})->record(3); }

std::shared_ptr<GuidanceSource> source(const std::string& name, const std::string& toml) {
  return tests::make_plugin<GuidanceSource>("guidance." + name, toml, RunShape{});
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("filters give masks of 0 and 255, or responses; the border is empty") {
    const Record record = phantom();
    for (const std::string name : {"sato", "frangi"}) {
      CAPTURE(name);
      const at::Tensor mask = source(name, "border = 8")->map(record);
      REQUIRE(mask.sizes() == record.image.sizes());
      CHECK(mask.eq(0).logical_or(mask.eq(255)).all().item<bool>());
      CHECK(mask.sum().item<std::int64_t>() > 0);
      const at::Tensor response = source(name, "border = 8\noutput = \"response\"")->map(record);
      CHECK(std::get<0>(at::_unique(response)).numel() > 20);
      for (const at::Tensor& map : {mask, response}) CHECK(map.slice(0, 0, 8).sum().item<std::int64_t>() == 0);
    }
    CHECK(source("sato", "output = \"response\"\nborder = 8")->map(record).max().item<int>() == 255);
  }

  TEST_CASE("growing from the maximum keeps a part of all") {
    const Record record = phantom();
    const at::Tensor one = source("sato", "border = 8")->map(record),
                     all = source("sato", "border = 8\ngrow = \"all\"")->map(record);
    CHECK(one.le(all).all().item<bool>());
    CHECK(one.sum().item<std::int64_t>() < all.sum().item<std::int64_t>());
  }

  TEST_CASE("a border that leaves nothing is a fault, no empty mask") {
    for (const std::string name : {"sato", "frangi"})
      CHECK_THROWS_AS(source(name, "border = 64")->map(phantom()), DataError);
  }

  TEST_CASE("no scale is refused") {
    for (const std::string name : {"sato", "frangi"}) CHECK_THROWS_AS(source(name, "sigmas = []"), ParameterError);
  }

  TEST_CASE("stored maps are handed on, and what is missing is said") {
    const Record record = phantom();
    CHECK(source("stored", "map = \"vessel\"")->map(record).equal(record.maps.at("vessel")));
    try {
      source("stored", "")->map(record);
      FAIL("expected a DataError");
    } catch (const DataError& error) {
      CHECK(error.fault().what == "has no map `filter`; it has vessel");
    }
  }
}
