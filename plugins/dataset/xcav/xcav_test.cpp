#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/data_sets.hpp"
#include "support/faults.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <ATen/core/Tensor.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <set>

using namespace vaso;
using tests::error_of;
namespace fs = std::filesystem;

namespace {

// The first row has `value`, the second `other`.
void draw_rows(const fs::path& file, std::uint8_t value, std::uint8_t other = 0) {
  fs::create_directories(file.parent_path());
  vision::GreyImage image(16, 16, 0);
  std::fill_n(image.row(0), 16, value);
  std::fill_n(image.row(1), 16, other);
  vision::write_png(file, image);
}

std::shared_ptr<Dataset> open_xcav(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.xcav", fmt::format("root = \"{}\"\n{}", root.string(), more), RunShape{});
}

// Ten patients with a sequence of three frames each, the second annotated.
void make_patients(const fs::path& root, std::uint8_t vessel, std::uint8_t catheter) {
  for (int p = 0; p < 10; ++p) {
    const std::string patient = fmt::format("CVAI-100{}", p), sequence = patient + "RAO30_CAU20";
    for (int frame = 0; frame < 3; ++frame)
      draw_rows(root / patient / "images" / sequence / fmt::format("{:05}.png", frame), 9);
    draw_rows(root / patient / "ground_truth" / sequence / "00001.png", vessel, catheter);
  }
}

std::map<std::string, std::int64_t> split_sizes(const Dataset& dataset) {
  std::map<std::string, std::int64_t> sizes;
  for (std::int64_t i = 0; i < dataset.size(); ++i) ++sizes[dataset.id(i).split];
  return sizes;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("frames with masks, paired by sequence and frame; patient and projection from the name") {
    const tests::TemporaryFolder folder;
    make_patients(folder.path() / "XACV", 255, 0);
    const auto dataset = open_xcav(folder.path());
    REQUIRE(dataset->size() == 10);
    CHECK(dataset->faults().empty());
    CHECK(dataset->notes().empty());
    const RecordId id = dataset->id(3);
    CHECK(id.name == "XACV/CVAI-1003/images/CVAI-1003RAO30_CAU20/00001.png");
    CHECK(id.patient == "CVAI-1003");
    CHECK(id.sequence == "CVAI-1003RAO30_CAU20");
    CHECK(id.frame == 1);
    CHECK(id.files.size() == 2);
    CHECK(split_sizes(*dataset) == std::map<std::string, std::int64_t>{{"train", 8}, {"test", 2}});
    CHECK(dataset->record(0).labels.sum().item<std::int64_t>() == 16);

    const auto frames = open_xcav(folder.path() / "XACV", "unlabelled = true");
    CHECK(frames->size() == 30);
    CHECK(!frames->has_masks());
    CHECK(frames->labels().empty());
    CHECK(!frames->record(1).labels.defined());
  }

  TEST_CASE("both forms of masks, with and without the catheter") {
    const tests::TemporaryFolder folder;
    const fs::path combined = folder.path() / "combined", separate = folder.path() / "separate";
    make_patients(combined, 127, 255);
    make_patients(separate, 255, 0);
    const std::string both = "labels = \"vessel_catheter\"\n";
    CHECK(open_xcav(combined)->record(0).labels.sum().item<std::int64_t>() == 16);
    CHECK(open_xcav(combined)->record(0).labels[0][0].item<int>() == 1);
    CHECK(open_xcav(combined, both)->labels() == std::vector<std::string>{"vessel", "catheter"});
    CHECK(open_xcav(combined, both)->record(0).labels[1][5].item<int>() == 2);
    tests::check_contains(error_of([&] { open_xcav(combined, "masks = \"separate\"")->record(0); }),
                          "holds the value 127");
    tests::check_contains(error_of([&] { open_xcav(separate, both)->record(0); }), "CVAI-1000RAO30_CAU20CATH");
    CHECK(open_xcav(separate, both + "masks = \"separate\"")->faults().size() == 10);

    draw_rows(separate / "CVAI-1000" / "ground_truth" / "CVAI-1000RAO30_CAU20CATH" / "1.png", 255, 255);
    const at::Tensor labels = open_xcav(separate, both)->record(0).labels;
    CHECK(labels[0][0].item<int>() == 3);  // where they cross, a pixel belongs to both
    CHECK(labels[1][0].item<int>() == 2);
    CHECK(open_xcav(separate)->size() == 10);
    CHECK(open_xcav(separate)->record(0).labels.max().item<int>() == 1);
    CHECK(open_xcav(separate)->notes().empty());
  }

  TEST_CASE("masks without an image are passed over with a note; frames that are none are faults") {
    const tests::TemporaryFolder folder;
    make_patients(folder.path(), 255, 0);
    draw_rows(folder.path() / "CVAI-1000" / "ground_truth" / "CVAI-1000RAO30_CAU20" / "00007.png", 255);
    draw_rows(folder.path() / "CVAI-1001" / "ground_truth" / "CVAI-1001LAO1_CRA1" / "00001.png", 255);
    const auto dataset = open_xcav(folder.path());
    CHECK(dataset->size() == 10);
    REQUIRE(dataset->notes().size() == 1);
    tests::check_contains(dataset->notes()[0], "00007.png, CVAI-1001/ground_truth/CVAI-1001LAO1_CRA1");
    draw_rows(folder.path() / "CVAI-1000" / "images" / "CVAI-1000RAO30_CAU20" / "copy.png", 9);
    tests::check_contains(open_xcav(folder.path())->faults().at(0).where, "copy.png");
  }

  TEST_CASE("a list of test sequences leaves the rest to training") {
    const tests::TemporaryFolder folder;
    make_patients(folder.path(), 255, 0);
    std::ofstream(folder.path() / "vessel.txt") << "CVAI-1001RAO30_CAU20\nCVAI-1002\nCVAI-1003RAO30_CAU20/00001\n";
    const std::string list = fmt::format("test_list = \"{}\"", (folder.path() / "vessel.txt").string());
    CHECK(split_sizes(*open_xcav(folder.path(), list)) ==
          std::map<std::string, std::int64_t>{{"train", 7}, {"test", 3}});
    CHECK(open_xcav(folder.path(), list)->faults().empty());
    std::ofstream(folder.path() / "vessel.txt") << "CVAI-9999\n";
    tests::check_contains(open_xcav(folder.path(), list)->faults().at(0).what, "CVAI-9999");
    CHECK_THROWS_AS(open_xcav(folder.path(), "split = [1, 2]"), ParameterError);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("a run of XCAV") {
    const fs::path folder = tests::data_dir() / "xcav";
    if (!fs::exists(folder)) {
      MESSAGE("skipped: no data in " << folder.string());
      return;
    }
    const auto dataset = open_xcav(folder / "XACV", "labels = \"vessel_catheter\"");
    CHECK(dataset->faults().empty());
    // Pixels of vessel and catheter, counted with Pillow 9.4.
    const std::map<std::int64_t, std::pair<int, int>> counted{{29, {23578, 932}}, {37, {26856, 1213}}};
    int known = 0;
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
      const Record record = dataset->record(i);
      CHECK(record.labels.sizes() == record.image.sizes());
      const auto expected = counted.find(record.id.frame);
      if (record.id.sequence != "CVAI-2855LAO26_CRA31" || expected == counted.end()) continue;
      ++known;
      CHECK(record.labels.eq(1).sum().item<int>() == expected->second.first);
      CHECK(record.labels.eq(2).sum().item<int>() == expected->second.second);
      CHECK(record.id.patient == "CVAI-2855");
    }
    CHECK(known == 2);
  }
}
