#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/data_sets.hpp"
#include "support/faults.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <set>

using namespace vaso;
using tests::error_of;
using tests::says;
using tests::text_of;
namespace fs = std::filesystem;

namespace {

void draw_frame(const fs::path& file, std::int64_t width = 100, std::int64_t height = 80) {
  fs::create_directories(file.parent_path());
  vision::write_png(file, vision::ColourImage(height, width, {9, 9, 9}));
}

std::string xml(const std::string& stem, const std::string& name = "Stenosis") {
  return fmt::format(
      "<annotation><filename>{}.bmp</filename><size><width>100</width><height>80</height><depth>1</depth></size>"
      "<object><name>{}</name><bndbox><xmin>20</xmin><ymin>30</ymin><xmax>60</xmax><ymax>50</ymax></bndbox></object>"
      "</annotation>",
      stem, name);
}

std::shared_ptr<Dataset> open_stenosis(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.stenosis", fmt::format("root = \"{}\"\n{}", root.string(), more),
                                     RunShape{});
}

// Twenty patients with two sequences of ten frames each, as published: all in one folder, XML beside the image.
void published(const fs::path& root) {
  for (int patient = 1; patient <= 20; ++patient) {
    for (int sequence = 1; sequence <= 2; ++sequence) {
      for (int frame = 10; frame < 20; ++frame) {
        const std::string stem = fmt::format("14_{:03}_{}_{:04}", patient, sequence, frame);
        draw_frame(root / (stem + ".png"));
        tests::write(root / (stem + ".xml"), xml(stem));
      }
    }
  }
}

std::map<std::string, std::set<std::string>> patients_by_split(const Dataset& dataset) {
  std::map<std::string, std::set<std::string>> found;
  for (std::int64_t i = 0; i < dataset.size(); ++i) found[dataset.id(i).split].insert(dataset.id(i).patient);
  return found;
}

std::map<std::string, int> frames_by_split(const Dataset& dataset) {
  std::map<std::string, int> found;
  for (std::int64_t i = 0; i < dataset.size(); ++i) ++found[dataset.id(i).split];
  return found;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the published form: frames and XML in one folder, divided by patient unless asked") {
    const tests::TemporaryFolder folder;
    published(folder.path() / "dataset");
    const auto dataset = open_stenosis(folder.path());
    CHECK(text_of(dataset->faults()) == "");
    REQUIRE(dataset->size() == 400);
    CHECK(dataset->labels() == std::vector<std::string>{"stenosis"});
    CHECK(dataset->has_boxes());
    CHECK_FALSE(dataset->has_masks());
    const RecordId id = dataset->id(0);
    CHECK(id.name == "dataset/14_001_1_0010");
    CHECK(id.patient == "14_001");
    CHECK(id.sequence == "1");
    CHECK(id.frame == 10);
    const Record record = dataset->record(0);
    CHECK(record.image.sizes() == at::IntArrayRef({80, 100}));
    REQUIRE(record.boxes.size() == 1);
    CHECK(record.boxes[0].left == 20);
    CHECK(record.boxes[0].width == 40);
    CHECK(record.boxes[0].height == 20);
    CHECK(record.boxes[0].area == 800);
    auto patients = patients_by_split(*dataset);
    CHECK(patients["train"].size() == 18);
    CHECK(patients["test"].size() == 2);
    for (const std::string& patient : patients["test"]) CHECK_FALSE(patients["train"].contains(patient));
    says(tests::notes_of(*dataset), "split `patient` (whole patients, seed 0): 360 train, 0 val, 40 test");
    says(tests::notes_of(*dataset), "0.0 % share a patient");
    const auto pascal = open_stenosis(folder.path(), "corners = \"pascal\"");
    CHECK(pascal->record(0).boxes[0].left == 19);
    CHECK(pascal->record(0).boxes[0].width == 41);
  }

  TEST_CASE("the paper's split has the paper's proportion, and leaks") {
    const tests::TemporaryFolder folder;
    published(folder.path());
    const auto dataset = open_stenosis(folder.path(), "split = \"paper\"\nseed = 3");
    CHECK(frames_by_split(*dataset) == std::map<std::string, int>{{"train", 360}, {"test", 40}});
    says(tests::notes_of(*dataset), "split `paper` (random frames, seed 3): 360 train, 0 val, 40 test");
    // 20 frames a sequence would need to be drawn together for one not to be shared.
    says(tests::notes_of(*dataset), "100.0 % share a sequence, 100.0 % share a patient");
    const auto names = [](const Dataset& set) {
      std::set<std::string> test;
      for (std::int64_t i = 0; i < set.size(); ++i)
        if (set.id(i).split == "test") test.insert(set.id(i).name);
      return test;
    };
    CHECK(names(*dataset) == names(*open_stenosis(folder.path(), "split = \"paper\"\nseed = 3")));
    CHECK(names(*dataset) != names(*open_stenosis(folder.path(), "split = \"paper\"\nseed = 4")));
    const auto three = open_stenosis(folder.path(), "split = \"paper\"\nshares = [2, 1, 1]");
    CHECK(frames_by_split(*three) == std::map<std::string, int>{{"train", 200}, {"val", 100}, {"test", 100}});
  }

  TEST_CASE("the leak is counted frame by frame") {
    const tests::TemporaryFolder folder;
    // test: 3 and 5 have a neighbour, 4 is a training frame, 9 shares only its sequence, 1 of sequence 2 only its
    // patient, patient 3 nothing, x nothing known
    for (const char* name :
         {"train/14_001_1_0004", "val/14_001_3_0001", "test/14_001_1_0003", "test/14_001_1_0004", "test/14_001_1_0005",
          "test/14_001_1_0009", "test/14_001_2_0001", "test/14_003_1_0004", "test/x"}) {
      draw_frame(folder.path() / (std::string(name) + ".png"));
      tests::write(folder.path() / (std::string(name) + ".txt"), "");
    }
    const auto dataset = open_stenosis(folder.path());
    says(tests::notes_of(*dataset), "split `folder` (by folder): 1 train, 1 val, 7 test");
    says(tests::notes_of(*dataset),
         "of 7 test frames, 42.9 % are or have a neighbour (frame ±1) in the training set, 57.1 % share a sequence, "
         "71.4 % share a patient with it; 1 frames do not tell their patient");
  }

  TEST_CASE("YOLO: relative boxes, folders by split in either order, images without a label file") {
    const tests::TemporaryFolder folder;
    for (const bool split_first : {true, false}) {
      const fs::path root = folder.path() / (split_first ? "a" : "b");
      const auto place = [&](const char* what, const char* split) {
        return split_first ? root / split / what : root / what / split;
      };
      draw_frame(place("images", "train") / "14_001_1_0004.png");
      tests::write(place("labels", "train") / "14_001_1_0004.txt", "0 0.4 0.5 0.4 0.25\n");
      tests::write(place("labels", "train") / "classes.txt", "stenosis\n");
      draw_frame(place("images", "valid") / "14_002_1_0004.png");
      draw_frame(place("images", "test") / "14_003_1_0004.png");
      tests::write(place("labels", "test") / "14_003_1_0004.txt", "");
      const auto dataset = open_stenosis(root);
      CHECK(text_of(dataset->faults()) == "");
      CHECK(frames_by_split(*dataset) == std::map<std::string, int>{{"train", 1}, {"val", 1}, {"test", 1}});
      CHECK(dataset->id(1).name == "train/14_001_1_0004");
      const Record record = dataset->record(1);
      REQUIRE(record.boxes.size() == 1);
      CHECK(record.boxes[0].left == doctest::Approx(20));
      CHECK(record.boxes[0].top == doctest::Approx(30));
      CHECK(record.boxes[0].width == doctest::Approx(40));
      CHECK(record.boxes[0].height == doctest::Approx(20));
      CHECK(record.boxes[0].area == doctest::Approx(800));
      says(tests::notes_of(*dataset), "1 images have no label file");
      CHECK(patients_by_split(*open_stenosis(root, "split = \"patient\"\nshares = [1, 1, 1]")).size() == 3);
    }
  }

  TEST_CASE("COCO: by file name, with the split in the JSON's name or folder") {
    const tests::TemporaryFolder folder;
    const std::string images = R"({"images": [{"id": 7, "file_name": "14_001_1_0004.png", "width": 100, "height": 80},)"
                               R"({"id": 4, "file_name": "14_001_1_0007.png", "width": 100, "height": 80}],)";
    const std::string rest =
        R"("categories": [{"id": 1, "name": "artery"}, {"id": 2, "name": "Stenosis"}], "annotations": [)"
        R"({"id": 1, "image_id": 4, "category_id": 2, "bbox": [1, 2, 3, 4], "area": 11, "iscrowd": 0},)"
        R"({"id": 2, "image_id": 4, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}]})";
    for (const char* layout : {"annotations/instances_train.json", "train/annotations/train.json",
                               "train/_annotations.coco.json", "train.json"}) {
      CAPTURE(layout);
      const fs::path root = folder.path() / std::to_string(std::hash<std::string>()(layout));
      const fs::path json = root / layout;
      tests::write(json, images + rest);
      const fs::path place = std::string(layout) == "annotations/instances_train.json" ? root / "images/train"
                             : std::string(layout) == "train/annotations/train.json"   ? root / "train/images"
                             : std::string(layout) == "train.json"                     ? root / "images"
                                                                                       : root / "train";
      draw_frame(place / "14_001_1_0004.png");
      draw_frame(place / "14_001_1_0007.png");
      const auto dataset = open_stenosis(root);
      CHECK(text_of(dataset->faults()) == "");
      REQUIRE(dataset->size() == 2);
      CHECK(dataset->id(0).split == "train");
      CHECK(dataset->id(1).frame == 7);
      CHECK(dataset->record(0).boxes.empty());
      const Record record = dataset->record(1);
      REQUIRE(record.boxes.size() == 1);
      CHECK(record.boxes[0].top == 2);
      CHECK(record.boxes[0].area == 11);
      says(tests::notes_of(*dataset), "1 annotations of other categories are left out");
    }
  }

  TEST_CASE("what does not fit is named") {
    const tests::TemporaryFolder folder;
    const fs::path root = folder.path();
    for (const char* stem : {"a", "b", "c", "d", "e"}) {
      draw_frame(root / (std::string(stem) + ".png"));
      tests::write(root / (std::string(stem) + ".xml"), xml(stem));
    }
    tests::write(root / "a.xml", xml("z"));
    fs::remove(root / "b.png");
    fs::remove(root / "c.xml");
    tests::write(root / "d.xml", xml("d", "catheter"));
    draw_frame(root / "d.bmp.png");
    fs::rename(root / "d.bmp.png", root / "d.bmp");
    draw_frame(root / "e.png", 80, 100);
    const auto dataset = open_stenosis(root);
    CHECK(dataset->faults().size() == 4);
    const std::string faults = text_of(dataset->faults());
    says(faults, "a.xml:1: says that it belongs to `z.bmp`");
    says(faults, "b.xml: belongs to no image");
    says(faults, "c.png: has no annotation");
    says(faults, "d.png: has the name of ");
    says(tests::notes_of(*dataset), "1 objects of class `catheter` are left out");
    CHECK(dataset->size() == 2);
    says(error_of([&] { dataset->record(1); }), "e.png: is 80×100, but ");
  }

  TEST_CASE("folders and parameters that do not go together") {
    const tests::TemporaryFolder folder;
    const fs::path root = folder.path();
    says(error_of([&] { open_stenosis(root); }), "holds no image with an annotation");
    draw_frame(root / "train" / "a.png");
    says(error_of([&] { open_stenosis(root); }), "holds no image with an annotation");
    tests::write(root / "train" / "a.xml", xml("a"));
    CHECK(open_stenosis(root)->id(0).split == "train");
    tests::write(root / "train" / "a.txt", "");
    says(error_of([&] { open_stenosis(root); }), "voc, yolo");
    CHECK(open_stenosis(root, "annotations = \"yolo\"")->record(0).boxes.empty());
    says(error_of([&] { open_stenosis(root, "annotations = \"yolo\"\ncorners = \"pascal\""); }), "belongs to VOC");
    says(error_of([&] { open_stenosis(root, "annotations = \"coco\""); }), "holds no JSON");
    draw_frame(root / "b.png");
    tests::write(root / "b.xml", xml("b"));
    const auto dataset = open_stenosis(root, "annotations = \"voc\"");
    says(text_of(dataset->faults()), "b.png: is in no folder train, val or test");
    fs::remove_all(root / "train");
    says(error_of([&] { open_stenosis(root, "split = \"folder\""); }), "no folder is called train");
    says(error_of([&] { open_stenosis(root, "split = \"paper\"\nshares = [0, 0, 0]"); }),
         "one of the shares must be positive");
  }
}

TEST_SUITE("reference") {
  TEST_CASE("frames with YOLO text, other patients in train and test") {
    const fs::path root = tests::data_dir() / "danilov_stenosis";
    if (!fs::exists(root)) {
      MESSAGE("skipped: no " << root.string());
      return;
    }
    const auto dataset = open_stenosis(root);
    CHECK(text_of(dataset->faults()) == "");
    auto patients = patients_by_split(*dataset);
    CHECK(patients["train"].size() == 14);
    CHECK(patients["test"].size() == 6);
    says(tests::notes_of(*dataset), "0.0 % share a patient");
    for (std::int64_t i = 0; i < dataset->size(); i += 20) {
      const Record record = dataset->record(i);
      CAPTURE(record.id.name);
      CHECK(record.image.size(0) >= 512);
      REQUIRE(!record.boxes.empty());
      // The text was made from corners in whole pixels.
      CHECK(record.boxes[0].left == doctest::Approx(std::round(record.boxes[0].left)).epsilon(1e-4));
    }
  }

  TEST_CASE("frames with Pascal VOC XML") {
    const fs::path root = tests::data_dir() / "danilov_voc";
    if (!fs::exists(root)) {
      MESSAGE("skipped: no " << root.string());
      return;
    }
    const auto dataset = open_stenosis(root);
    CHECK(text_of(dataset->faults()) == "");
    CHECK(dataset->size() == 10);
    for (std::int64_t i = 0; i < dataset->size(); ++i) CHECK(dataset->record(i).boxes.size() == 1);
  }
}
