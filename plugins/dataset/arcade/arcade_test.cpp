#include "annotations/coco_json.hpp"
#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/faults.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <ATen/ops/equal.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace vaso;
using tests::error_of;
using tests::says;
using tests::text_of;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const std::vector<std::string> kCategories{"1",  "2",  "3",   "4",   "5",   "6",   "7",   "8",       "9",
                                           "9a", "10", "10a", "11",  "12",  "12a", "13",  "14",      "14a",
                                           "15", "16", "16a", "16b", "16c", "12b", "14b", "stenosis"};

// A split as the archive has it: grey and colour images, ids that are no file names, categories that count from
// `first_category`.
class SplitMaker {
 public:
  explicit SplitMaker(std::int64_t first_category = 1) {
    json_ = {{"images", Json::array()}, {"annotations", Json::array()}, {"categories", Json::array()}};
    for (const std::string& name : kCategories)
      json_["categories"].push_back({{"id", first_category++}, {"name", name}, {"supercategory", ""}});
  }
  SplitMaker& image(std::int64_t id, const std::string& file) {
    json_["images"].push_back({{"id", id}, {"file_name", file}, {"width", 40}, {"height", 30}});
    files_.push_back(file);
    return *this;
  }
  // A rectangle, in whole pixels.
  SplitMaker& annotate(std::int64_t image, const std::string& category, int left, int top, int width, int height) {
    std::int64_t category_id = 0;
    for (const Json& each : json_["categories"])
      if (each["name"] == category) category_id = each["id"];
    json_["annotations"].push_back(
        {{"id", next_++},
         {"image_id", image},
         {"category_id", category_id},
         {"segmentation", {{left, top, left + width, top, left + width, top + height, left, top + height}}},
         {"area", width * height},
         {"bbox", {left, top, width, height}},
         {"iscrowd", 0}});
    return *this;
  }
  Json& json() { return json_; }
  void write(const fs::path& folder, const std::string& name) const {
    fs::create_directories(folder / "images");
    fs::create_directories(folder / "annotations");
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (i % 2 == 0)
        vision::write_png(folder / "images" / files_[i], vision::GreyImage(30, 40, 7));
      else
        vision::write_png(folder / "images" / files_[i], vision::ColourImage(30, 40, {7, 7, 7}));
    }
    std::ofstream(folder / "annotations" / name) << json_;
  }

 private:
  Json json_;
  std::vector<std::string> files_;
  std::int64_t next_ = 1;
};

// Segment 9a, by name, and segment 10 beside and over it.
SplitMaker two_segments(std::int64_t first_category = 1) {
  SplitMaker maker(first_category);
  maker.image(1, "1.png").image(2, "10.png").image(3, "2.png");
  maker.annotate(2, "9a", 4, 5, 10, 6).annotate(2, "10", 10, 5, 10, 6).annotate(3, "1", 0, 0, 3, 3);
  return maker;
}

std::shared_ptr<Dataset> open_arcade(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.arcade", fmt::format("root = \"{}\"\n{}", root.string(), more),
                                     RunShape{});
}

std::int32_t bits_at(const Record& record, std::int64_t y, std::int64_t x) {
  return record.labels[y][x].item<std::int32_t>();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("segments are known by name, images by file name, and a pixel may belong to two") {
    const tests::TemporaryFolder folder;
    two_segments().write(folder.path() / "arcade" / "submission" / "syntax" / "test", "test.json");
    const auto dataset = open_arcade(folder.path(), "labels = \"segments\"");
    CHECK(text_of(dataset->faults()) == "");
    REQUIRE(dataset->size() == 3);
    CHECK(dataset->id(0).name == "test/1");
    CHECK(dataset->id(1).name == "test/2");
    CHECK(dataset->id(2).name == "test/10");
    CHECK(dataset->id(2).split == "test");
    CHECK(dataset->id(2).patient.empty());
    const std::vector<std::string> labels = dataset->labels();
    CHECK(labels.size() == 25);
    CHECK(labels[9] == "9a");
    CHECK(labels[10] == "10");
    CHECK(labels[24] == "14b");
    CHECK(dataset->has_masks());
    CHECK_FALSE(dataset->has_boxes());
    const Record record = dataset->record(2);  // 10.png is image 2, and the second colour image
    CHECK(record.image[3][3].item<int>() == 7);
    CHECK((record.labels.scalar_type() == at::kInt));
    CHECK(bits_at(record, 4, 4) == 0);
    CHECK(bits_at(record, 5, 4) == 1 << 9);
    CHECK(bits_at(record, 10, 13) == (1 << 9 | 1 << 10));
    CHECK(bits_at(record, 10, 14) == 1 << 10);
    CHECK(bits_at(record, 11, 14) == 0);
    CHECK(record.boxes.empty());
    CHECK(dataset->record(0).labels.count_nonzero().item<int>() == 0);
    CHECK(dataset->record(1).labels.count_nonzero().item<int>() == 9);
    std::string notes;
    for (const std::string& note : dataset->notes()) notes += note + "\n";
    says(notes, "test: `10a` is annotated nowhere");
    says(notes, "test: 1 of 3 images have no annotation");
    says(notes, "test: 1 right and 1 left coronary arteries");
    says(notes, "image ids are not the number in the file's name");
  }

  TEST_CASE("the vessel is the union of all segments") {
    const tests::TemporaryFolder folder;
    two_segments().write(folder.path() / "syntax" / "train", "train.json");
    for (const fs::path& root : {folder.path(), folder.path() / "syntax"}) {
      const auto dataset = open_arcade(root);
      CHECK(dataset->labels() == std::vector<std::string>{"vessel"});
      CHECK(dataset->record(2).labels.sum().item<int>() == 16 * 6);
      CHECK(dataset->id(0).split == "train");
    }
  }

  TEST_CASE("the challenge's archive, whose first phase counts categories from 0") {
    const tests::TemporaryFolder folder;
    const fs::path base = folder.path() / "arcade_challenge_datasets";
    two_segments(0).write(base / "dataset_phase_1" / "segmentation_dataset" / "seg_train", "seg_train.json");
    two_segments(0).write(base / "dataset_phase_1" / "segmentation_dataset" / "seg_val", "seg_val.json");
    two_segments(1).write(base / "dataset_final_phase" / "test_case_segmentation", "instances_default.json");
    SplitMaker lesion(0);
    lesion.image(5, "8.png").annotate(5, "stenosis", 3, 4, 5, 6);
    lesion.write(base / "dataset_phase_1" / "stenosis_dataset" / "sten_train", "sten_train.json");
    lesion.write(base / "dataset_final_phase" / "test_cases_stenosis", "instances_default.json");
    for (const fs::path& root : {folder.path(), base}) {
      const auto segments = open_arcade(root, "labels = \"segments\"");
      CHECK(text_of(segments->faults()) == "");
      REQUIRE(segments->size() == 9);
      for (const std::int64_t index : {2, 5, 8}) {
        CAPTURE(segments->id(index).name);
        CHECK(bits_at(segments->record(index), 5, 4) == 1 << 9);
      }
      CHECK(segments->id(0).name == "train/1");
      CHECK(segments->id(3).name == "val/1");
      CHECK(segments->id(6).name == "test/1");
      const auto stenosis = open_arcade(root, "task = \"stenosis\"");
      CHECK(stenosis->size() == 2);
      CHECK(stenosis->id(1).name == "test/8");
      CHECK(stenosis->record(1).boxes.size() == 1);
    }
  }

  TEST_CASE("a stenosis has a mask and a box, whose area is that of the outline") {
    const tests::TemporaryFolder folder;
    SplitMaker maker;
    maker.image(1, "1.png").annotate(1, "stenosis", 3, 4, 5, 6);
    maker.json()["annotations"][0]["segmentation"] = {{3, 4, 8, 4, 3, 10}};  // half of the box
    maker.json()["annotations"][0]["area"] = 1000;
    maker.write(folder.path() / "stenosis" / "val", "val.json");
    const auto dataset = open_arcade(folder.path(), "task = \"stenosis\"");
    CHECK(dataset->has_boxes());
    const Record record = dataset->record(0);
    REQUIRE(record.boxes.size() == 1);
    CHECK(record.boxes[0].left == 3);
    CHECK(record.boxes[0].height == 6);
    CHECK(record.boxes[0].label == 0);
    CHECK(record.boxes[0].area == record.labels.sum().item<int>());
    CHECK(record.boxes[0].area < 20);
    CHECK(record.boxes[0].area > 10);
  }

  TEST_CASE("what does not fit is named") {
    const tests::TemporaryFolder folder;
    const fs::path split = folder.path() / "syntax" / "train";
    SplitMaker maker = two_segments();
    maker.json()["annotations"][2]["id"] = 1;
    maker.json()["annotations"].push_back(maker.json()["annotations"][0]);
    maker.json()["annotations"][3]["segmentation"] = {{1, 1, 2, 2}};
    maker.annotate(2, "stenosis", 1, 1, 2, 2);
    maker.write(split, "train.json");
    fs::remove(split / "images" / "10.png");
    vision::write_png(split / "images" / "99.png", vision::GreyImage(30, 40, 7));
    vision::write_png(split / "images" / "2.png", vision::GreyImage(40, 30, 7));
    const auto dataset = open_arcade(folder.path());
    CHECK(dataset->faults().size() == 3);
    const std::string faults = text_of(dataset->faults());
    says(faults, "10.png: is missing; ");
    says(faults, "99.png: is not listed in ");
    says(faults, "a polygon has 2 points");
    CHECK(dataset->size() == 2);
    says(error_of([&] { dataset->record(1); }), "2.png: is 30×40, but ");
    std::string notes;
    for (const std::string& note : dataset->notes()) notes += note + "\n";
    says(notes, "annotations have an id that an earlier one has");
  }

  TEST_CASE("a category that ARCADE does not have") {
    const tests::TemporaryFolder folder;
    SplitMaker maker = two_segments();
    maker.json()["categories"][9]["name"] = "artery";
    maker.json()["categories"][15]["name"] = "unused";
    maker.write(folder.path() / "syntax" / "train", "train.json");
    const auto dataset = open_arcade(folder.path());
    REQUIRE(dataset->faults().size() == 1);
    says(text_of(dataset->faults()), "category 10 is called `artery`");
  }

  TEST_CASE("folders and parameters that do not go together") {
    const tests::TemporaryFolder folder;
    says(error_of([&] { open_arcade(folder.path()); }), "holds no ARCADE task `syntax`");
    says(error_of([&] { open_arcade(folder.path() / "none"); }), "none");
    two_segments().write(folder.path() / "syntax" / "train", "train.json");
    says(error_of([&] { open_arcade(folder.path(), "task = \"stenosis\""); }), "holds no ARCADE task `stenosis`");
    says(error_of([&] { open_arcade(folder.path(), "labels = \"stenosis\""); }), "vessel segments and no stenoses");
    says(error_of([&] { open_arcade(folder.path(), "task = \"stenosis\"\nlabels = \"segments\""); }), "stenoses alone");
    two_segments().write(folder.path() / "arcade" / "syntax" / "val", "val.json");
    says(error_of([&] { open_arcade(folder.path()); }), "holds the task `syntax` twice");
    fs::remove_all(folder.path() / "arcade");
    std::ofstream(folder.path() / "syntax/train/annotations/train.json") << "{";
    CHECK(open_arcade(folder.path())->faults().size() == 1);
    fs::remove(folder.path() / "syntax/train/annotations/train.json");
    says(error_of([&] { open_arcade(folder.path()); }), "holds no JSON file");
  }
}

TEST_SUITE("reference") {
  TEST_CASE("the published areas of stenoses are the pixels of their masks") {
    const fs::path root = tests::data_dir() / "arcade";
    if (!fs::exists(root)) {
      MESSAGE("skipped: no " << root.string());
      return;
    }
    const auto dataset = open_arcade(root, "task = \"stenosis\"");
    CHECK(text_of(dataset->faults()) == "");
    std::map<std::string, std::vector<double>> area;  // by record
    std::size_t published = 0, equal = 0;
    for (const char* split : {"train", "val", "test"}) {
      const auto coco =
          annotations::read_coco(root / "stenosis" / split / "annotations" / (std::string(split) + ".json"));
      for (const annotations::CocoAnnotation& each : coco.annotations) {
        for (const annotations::CocoImage& image : coco.images) {
          if (image.id == each.image_id)
            area[fmt::format("{}/{}", split, fs::path(image.file_name).stem().string())].push_back(each.area);
        }
        ++published;
      }
    }
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
      const Record record = dataset->record(i);
      const std::vector<double>& expected = area[record.id.name];
      REQUIRE(record.boxes.size() == expected.size());
      for (std::size_t b = 0; b < expected.size(); ++b) equal += record.boxes[b].area == expected[b];
    }
    CHECK(published > 200);
    CHECK(equal == published);
    std::string notes;
    for (const std::string& note : dataset->notes()) notes += note + "\n";
    says(notes, "train: 8 annotations have an id that an earlier one has");
  }

  TEST_CASE("syntax images, grey and colour, of all splits") {
    const fs::path root = tests::data_dir() / "arcade";
    if (!fs::exists(root)) {
      MESSAGE("skipped: no " << root.string());
      return;
    }
    const auto segments = open_arcade(root, "labels = \"segments\""), vessel = open_arcade(root);
    CHECK(text_of(segments->faults()) == "");
    CHECK(segments->size() == vessel->size());
    double share = 0;
    for (std::int64_t i = 0; i < segments->size(); ++i) {
      const at::Tensor parts = segments->record(i).labels, whole = vessel->record(i).labels;
      CHECK(at::equal(parts.ne(0), whole.ne(0)));
      share += whole.sum().item<double>() / static_cast<double>(whole.numel() * segments->size());
    }
    // 3.4 to 3.7 % of the pixels in the whole set, 3.2 % in the part at hand; painting outlines too adds 10 %.
    CHECK(share > 0.030);
    CHECK(share < 0.034);
    std::string notes;
    for (const std::string& note : segments->notes()) notes += note + "\n";
    says(notes, "test: `10a` is annotated nowhere");
  }
}
