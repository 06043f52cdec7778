#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <ATen/core/Tensor.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

using namespace vaso;
namespace fs = std::filesystem;

namespace {

void draw_mask(const fs::path& file, std::uint8_t grey) {
  fs::create_directories(file.parent_path());
  vision::write_png(file, vision::GreyImage(16, 16, grey));
}

std::shared_ptr<Dataset> open_xcad(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.xcad", fmt::format("root = \"{}\"\n{}", root.string(), more), RunShape{});
}

void make_pairs(const fs::path& root, const std::string& images, const std::string& masks) {
  for (int run = 0; run < 10; ++run) {
    for (int frame = 30; frame < 32; ++frame) {
      const std::string name = fmt::format("{:05}_{}.png", run, frame);
      draw_mask(root / "test" / images / name, 9);
      draw_mask(root / "test" / masks / name, 255);
    }
  }
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the test pairs, in either layout; shares keep the frames of a run together") {
    for (const auto& [images, masks] : {std::pair{"images", "masks"}, std::pair{"img", "gt"}}) {
      const tests::TemporaryFolder folder;
      make_pairs(folder.path(), images, masks);
      const auto dataset = open_xcad(folder.path());
      REQUIRE(dataset->size() == 20);
      CHECK(dataset->labels() == std::vector<std::string>{"vessel"});
      CHECK(dataset->faults().empty());
      const RecordId id = dataset->id(1);
      CHECK(id.patient == "00000");
      CHECK(id.frame == 31);
      CHECK(id.split == "test");
      CHECK(dataset->record(1).labels.sum().item<std::int64_t>() == 256);

      const auto divided = open_xcad(folder.path(), "split = [0.6, 0.1, 0.3]");
      std::map<std::string, std::set<std::string>> runs;
      for (std::int64_t i = 0; i < divided->size(); ++i) runs[divided->id(i).split].insert(divided->id(i).patient);
      CHECK(runs["train"].size() == 6);
      CHECK(runs["val"].size() == 1);
      CHECK(runs["test"].size() == 3);
    }
  }

  TEST_CASE("training frames are unlabelled; angles may be negative") {
    const tests::TemporaryFolder folder;
    draw_mask(folder.path() / "train" / "trainA" / "00000.png", 255);
    draw_mask(folder.path() / "train" / "trainB" / "000_PPA_44_PSA_00_8.png", 9);
    draw_mask(folder.path() / "train" / "trainB" / "003_PPA_-29_PSA_29_2.png", 9);
    draw_mask(folder.path() / "train" / "trainC" / "003_PPA_-29_PSA_29_2.png", 9);
    const auto dataset = open_xcad(folder.path(), "part = \"frames\"");
    REQUIRE(dataset->size() == 2);
    CHECK(!dataset->has_masks());
    CHECK(dataset->id(0).sequence == "000 LAO44_CRA0");
    CHECK(dataset->id(1).sequence == "003 RAO29_CRA29");
    CHECK(dataset->id(1).patient == "003");
    CHECK(dataset->id(1).frame == 2);
    CHECK(dataset->id(1).split == "train");
    CHECK(!dataset->record(1).labels.defined());
    CHECK_THROWS_AS(open_xcad(folder.path(), "part = \"frames\"\nsplit = [1, 0, 1]"), ParameterError);
    CHECK_THROWS_AS(open_xcad(folder.path()), DataError);
  }

  TEST_CASE("an image without a mask is a fault") {
    const tests::TemporaryFolder folder;
    make_pairs(folder.path(), "images", "masks");
    fs::remove(folder.path() / "test" / "masks" / "00003_30.png");
    const auto dataset = open_xcad(folder.path());
    REQUIRE(dataset->faults().size() == 1);
    CHECK(dataset->faults()[0].where == (folder.path() / "test" / "images" / "00003_30.png").string());
  }
}

TEST_SUITE("reference") {
  TEST_CASE("pairs of XCAD") {
    const fs::path folder = tests::data_dir() / "xcad";
    if (!fs::exists(folder)) {
      MESSAGE("skipped: no data in " << folder.string());
      return;
    }
    const auto dataset = open_xcad(folder);
    CHECK(dataset->faults().empty());
    // Vessel pixels, counted with Pillow 9.4.
    const std::map<std::string, int> counted{{"01251_32.png", 15143}, {"02208_30.png", 12953}};
    int known = 0;
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
      const Record record = dataset->record(i);
      CHECK(record.labels.sizes() == record.image.sizes());
      const auto expected = counted.find(fs::path(record.id.name).filename());
      if (expected == counted.end()) continue;
      ++known;
      CHECK(record.labels.sum().item<int>() == expected->second);
    }
    CHECK(known == 2);
  }
}
