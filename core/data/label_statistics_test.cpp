#include "data/inspect.hpp"

#include "vision/colour_mode.hpp"
#include "vision/image_io.hpp"
#include "vision/label_colour.hpp"

#include "support/faults.hpp"
#include "support/paths.hpp"

#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vaso;
using namespace vaso::data;
using tests::says;

namespace {

// Frames of noise with two labels, as masks and as boxes.
class LabelledFrames final : public Dataset {
 public:
  explicit LabelledFrames(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      Record record;
      record.id.name = fmt::format("frame-{}", i);
      record.id.split = i % 2 == 0 ? "train" : "test";
      record.id.patient = fmt::format("p{}", i);
      record.image = at::randint(256, {40, 50}, at::kByte);
      record.labels = at::zeros({40, 50}, at::kInt);
      records.push_back(record);
    }
  }
  std::vector<Record> records;
  std::vector<Fault> own_faults;
  bool masks = true, boxes = true;

  // Marks a rectangle with a label, in the mask and as a box.
  void mark(std::size_t record, std::int64_t label, std::int64_t left, std::int64_t top, std::int64_t width,
            std::int64_t height) {
    records[record]
        .labels.slice(0, top, top + height)
        .slice(1, left, left + width)
        .bitwise_or_(std::int64_t{1} << label);
    records[record].boxes.push_back({static_cast<double>(left), static_cast<double>(top), static_cast<double>(width),
                                     static_cast<double>(height), label, static_cast<double>(width * height), false});
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(records.size()); }
  RecordId id(std::int64_t index) const override { return records.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> labels() const override { return {"artery", "lesion"}; }
  bool has_masks() const override { return masks; }
  bool has_boxes() const override { return boxes; }
  std::vector<Fault> faults() const override { return own_faults; }
  std::vector<std::string> notes() const override { return {"frames are noise"}; }
  Record record(std::int64_t index) const override { return records.at(static_cast<std::size_t>(index)); }
};

// The one fault that an inspection finds in record 1.
std::string fault_of(const LabelledFrames& dataset) {
  const Inspection found = inspect(dataset, 0, 1);
  CHECK(found.readable == found.records - 1);
  REQUIRE(found.faults.size() == 1);
  CHECK(found.faults[0].where == "frame-1");
  return found.faults[0].what;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("labels are counted by split") {
    LabelledFrames dataset(6);  // train: 0 2 4, test: 1 3 5
    dataset.mark(0, 0, 10, 10, 20, 10);
    dataset.mark(0, 1, 25, 10, 10, 10);  // 50 px of it are artery too
    dataset.mark(2, 0, 0, 0, 50, 40);
    dataset.mark(3, 1, 0, 0, 5, 4);
    dataset.mark(3, 1, 10, 0, 5, 4);
    dataset.records[3].boxes[0].area = 9216;
    dataset.records[3].boxes[1].area = 1024;
    dataset.own_faults = {{"list.txt:3", "is wrong", "correct it"}};
    const Inspection found = inspect(dataset, 0, 2);
    CHECK(found.readable == 6);
    REQUIRE(found.splits.size() == 2);
    const SplitStatistics &train = found.splits[0], &test = found.splits[1];
    CHECK(train.split == "train");
    CHECK(train.records == 3);
    CHECK(train.empty == 1);
    CHECK(train.labels[0].records == 2);
    CHECK(train.labels[0].boxes == 2);
    CHECK(train.labels[0].pixels == doctest::Approx(2200 / 6000.0));
    CHECK(train.labels[1].records == 1);
    CHECK(train.labelled == 2250);
    CHECK(train.overlapping == 50);
    CHECK(train.overlapping_records == 1);
    CHECK(train.boxes_below(kSmallArea) == 2);
    CHECK(train.boxes_below(kMediumArea) == 3);
    CHECK(test.labels[1].records == 1);
    CHECK(test.labels[1].boxes == 2);
    CHECK(test.boxes_below(kSmallArea) == 0);  // 32² is medium, 96² is large
    CHECK(test.boxes_below(kMediumArea) == 1);
    CHECK(test.patients.size() == 3);
    const std::string text = found.to_text();
    for (const char* words : {"6 records, 6 readable", "split train: 3 records, 3 known patients; 1 shows no label",
                              "2 in 2 (36.67 %)", "train: 2.22 % of the labelled pixels, in 33 % of the records",
                              "boxes of test: 0 small, 1 medium, 1 large", "leaks between splits: none found",
                              "  frames are noise", "1 fault:\n  list.txt:3: is wrong\n    correct it"}) {
      says(text, words);
    }
    const auto json = nlohmann::json::parse(found.to_json());
    CHECK(json["splits"][0]["labels"][0]["label"] == "artery");
    CHECK(json["splits"][1]["medium_boxes"] == 1);
  }

  TEST_CASE("labels that are not what was promised are faults of their record") {
    const auto broken = [](auto change) {
      LabelledFrames dataset(3);
      dataset.mark(1, 0, 0, 0, 50, 40);
      change(dataset.records[1]);
      return fault_of(dataset);
    };
    says(broken([](Record& r) { r.labels = at::Tensor(); }), "has no mask");
    says(broken([](Record& r) { r.labels = at::zeros({40, 51}, at::kInt); }), "another size");
    says(broken([](Record& r) { r.labels = at::zeros({40, 50}, at::kByte); }), "another size or type");
    says(broken([](Record& r) { r.labels[3][4] = 4; }), "label number 3, of 2 labels");
    says(broken([](Record& r) { r.boxes[0].width = 0; }), "has no area");
    says(broken([](Record& r) { r.boxes[0].left = 1.5; }), "outside the image of 50×40");
    says(broken([](Record& r) { r.boxes[0].top = -1.5; }), "outside the image");
    says(broken([](Record& r) { r.boxes[0].label = 2; }), "label number 3, of 2 labels");
  }

  TEST_CASE("leaks: patients, sequences, equal and similar frames in two splits") {
    LabelledFrames dataset(8);
    dataset.records[1].id.patient = "p0";
    dataset.records[2].id.patient = dataset.records[4].id.patient = "p9";  // both train: no leak
    dataset.records[6].id.sequence = dataset.records[7].id.sequence = "s";
    dataset.records[7].id.patient = "p6";
    dataset.records[3].image = dataset.records[0].image.clone();
    dataset.records[5].image = dataset.records[4].image.clone();
    dataset.records[5].image[0][0] = dataset.records[5].image[0][0].item<int>() / 2;
    dataset.records[2].image = dataset.records[6].image.clone();  // both train
    const Inspection found = inspect(dataset, 0, 1);
    CHECK(found.leaks.patients == std::vector<std::string>{"p0 (test 1, train 1)", "p6 (test 1, train 1)"});
    CHECK(found.leaks.sequences == std::vector<std::string>{"p6/s (test 1, train 1)"});
    CHECK(found.leaks.equal == std::vector<std::vector<std::string>>{{"frame-0 (train)", "frame-3 (test)"}});
    REQUIRE(found.leaks.near.size() == 2);
    CHECK(found.leaks.near[1] == std::vector<std::string>{"frame-4 (train)", "frame-5 (test)"});
    CHECK(found.duplicates.size() == 2);
    says(found.to_text(), "2 patients in two splits: p0 (test 1, train 1), p6 (test 1, train 1)");
    says(found.to_text(), "nearly alike in two splits: 4 records in 2 groups");
  }

  TEST_CASE("the contact sheet has masks and boxes in the colours of the legend") {
    LabelledFrames dataset(1);
    dataset.records[0].image.fill_(100);
    dataset.mark(0, 1, 10, 10, 20, 20);
    const auto is_like = [](const vision::Colour& a, const vision::Colour& b) {
      return a.red == b.red && a.green == b.green && a.blue == b.blue;
    };
    const vision::ColourImage sheet = contact_sheet(dataset, 1, {}, 50);
    CHECK(sheet.width == 2 * 54 - 4);
    CHECK(sheet.height > 50 + 16 + 4);  // the name and the legend
    const vision::Colour lesion = vision::label_colour(1), grey{100, 100, 100};
    CHECK(is_like(sheet.at(20, 20), grey));
    CHECK(is_like(sheet.at(10, 54 + 10), lesion));  // the box
    CHECK(is_like(sheet.at(5, 54 + 5), grey));
    const vision::Colour inside = sheet.at(20, 54 + 20);
    CHECK(inside.green == (100 + lesion.green + 1) / 2);
    CHECK(is_like(sheet.at(54 + 16 + 8, 4), vision::label_colour(0)));
    dataset.masks = false;
    CHECK(is_like(contact_sheet(dataset, 1, {}, 50).at(20, 54 + 20), grey));
  }

  TEST_CASE("how files are coloured") {
    const tests::TemporaryFolder folder;
    const auto file = folder.path() / "a.png";
    vision::write_png(file, vision::GreyImage(20, 20, 9));
    CHECK((vision::colour_mode(file) == vision::ColourMode::grey));
    vision::ColourImage image(20, 20, {9, 9, 9});
    vision::write_png(file, image);
    CHECK((vision::colour_mode(file) == vision::ColourMode::equal_channels));
    image.at(19, 19).blue = 10;
    vision::write_png(file, image);
    CHECK((vision::colour_mode(file) == vision::ColourMode::colour));
    CHECK_THROWS_AS(vision::colour_mode(folder.path() / "none.png"), DataError);
  }
}
