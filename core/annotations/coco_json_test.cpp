#include "annotations/coco_json.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>

using namespace vaso;
using namespace vaso::annotations;

namespace {

const char* const kImages =
    R"({"id": 3, "file_name": "a.png", "width": 64, "height": 48, "license": 0}, {"id": 1, "file_name": "b.png", "width": 64, "height": 64})";
const char* const kGood =
    R"({"id": 7, "image_id": 3, "category_id": 26, "segmentation": [[2, 2, 20, 2, 20, 12, 2, 12]], "area": 180, "bbox": [2, 2, 18, 10], "iscrowd": 0, "attributes": {"occluded": false}})";

// 0 where no category has the name.
std::int64_t id_of(const CocoFile& content, const std::string& category) {
  for (const CocoCategory& each : content.categories) {
    if (each.name == category) return each.id;
  }
  return 0;
}

struct Folder {
  tests::TemporaryFolder folder;
  std::filesystem::path file() const { return folder.path() / "test.json"; }

  CocoFile read(const std::string& text, Outlines outlines = Outlines::read) const {
    std::ofstream(file()) << text;
    return read_coco(file(), outlines);
  }
  CocoFile with(const std::string& annotations, const std::string& images = kImages,
                Outlines outlines = Outlines::read) const {
    return read(
        R"({"info": {}, "images": [)" + images +
            R"(], "categories": [{"id": 26, "name": "stenosis", "supercategory": ""}, {"id": 10, "name": "9a"}], "annotations": [)" +
            annotations + "]}",
        outlines);
  }
  // The only fault says these words, says where, and says what to do.
  void refused(const CocoFile& content, const std::string& place, const std::string& words) const {
    REQUIRE(content.faults.size() == 1);
    const Fault& fault = content.faults.front();
    INFO(fault.where << ": " << fault.what << " -> " << fault.cure);
    CHECK(fault.where.find(file().string()) == 0);
    CHECK(fault.where.find(place) != std::string::npos);
    CHECK(fault.what.find(words) != std::string::npos);
    CHECK_FALSE(fault.cure.empty());
    CHECK_THROWS_AS(content.require_sound(), DataError);
  }
};

// An annotation like the good one with some fields of another value; "" leaves a field out.
std::string annotation(const std::map<std::string, std::string>& changes) {
  std::map<std::string, std::string> fields = {
      {"id", "7"},           {"image_id", "3"},
      {"category_id", "26"}, {"segmentation", "[[2, 2, 20, 2, 20, 12, 2, 12]]"},
      {"area", "180"},       {"bbox", "[2, 2, 18, 10]"},
      {"iscrowd", "0"}};
  for (const auto& [name, value] : changes) fields[name] = value;
  std::string text;
  for (const auto& [name, value] : fields) {
    if (!value.empty()) text += (text.empty() ? "" : ", ") + ('"' + name + "\": " + value);
  }
  return "{" + text + "}";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a sound file") {
    const Folder folder;
    const CocoFile content = folder.with(kGood);
    CHECK(content.faults.empty());
    REQUIRE(content.images.size() == 2);
    REQUIRE(content.annotations.size() == 1);
    const CocoAnnotation& first = content.annotations[0];
    CHECK(first.id == 7);
    CHECK(first.image_id == 3);
    CHECK(first.category_id == 26);
    CHECK(first.area == 180);
    CHECK(first.box.left == 2);
    CHECK(first.box.height == 10);
    CHECK_FALSE(first.crowd);
    CHECK(first.polygons == std::vector<Polygon>{{2, 2, 20, 2, 20, 12, 2, 12}});
    const auto image = std::find_if(content.images.begin(), content.images.end(),
                                    [](const CocoImage& each) { return each.file_name == "b.png"; });
    REQUIRE(image != content.images.end());
    CHECK(image->id == 1);
    CHECK(id_of(content, "9a") == 10);
    CHECK(id_of(content, "9") == 0);
    CHECK(content.notes.empty());
    CHECK_NOTHROW(content.require_sound());
  }

  TEST_CASE("every fault is named with its annotation, and all are found") {
    const Folder folder;
    const auto one = [&](const std::map<std::string, std::string>& changes, const std::string& words) {
      const CocoFile content = folder.with(annotation(changes));
      folder.refused(content, "annotation 7", words);
      CHECK(content.annotations.empty());
    };
    one({{"segmentation", "[[2, 2, 20, 2]]"}}, "2 points");
    one({{"segmentation", "[[]]"}}, "0 points");
    one({{"segmentation", "[[2, 2, 20, 2, 20, 12, 2]]"}}, "odd");
    one({{"segmentation", "[2, 2, 20, 2, 20, 12]"}}, "no list of numbers");
    one({{"segmentation", "[[70, 2, 80, 2, 80, 12]]"}}, "a polygon goes to (70, 2), outside its 64×48 pixels");
    one({{"segmentation", "[[2, 2, 20, 2, 20, 49.5]]"}}, "outside");
    one({{"segmentation", "[[-1.25, 2, 20, 2, 20, 12]]"}}, "outside");
    one({{"segmentation", R"({"counts": [3, 4], "size": [48, 64]})"}}, "run-length");
    one({{"bbox", "[2, 2, 0, 10]"}}, "no area");
    one({{"bbox", "[2, 2, 10, -3]"}}, "no area");
    one({{"bbox", "[50, 2, 30, 10]"}}, "its box goes from (50, 2) to (80, 12), outside its 64×48 pixels");
    one({{"bbox", "[-3, 2, 30, 10]"}}, "outside");
    one({{"bbox", "[2, 2, 10, 48]"}}, "outside");
    one({{"bbox", "[2, 2, 10]"}}, "`bbox` is [2,2,10]");
    one({{"image_id", "8"}}, "image 8");
    one({{"category_id", "27"}}, "category 27");
    one({{"category_id", ""}}, "no `category_id`");
    one({{"image_id", "\"3\""}}, "`image_id` is \"3\"");
    one({{"area", "\"much\""}}, "`area`");

    const CocoFile both =
        folder.with(annotation({{"bbox", "[2, 2, 0, 10]"}}) + "," + annotation({{"id", "8"}, {"image_id", "9"}}));
    CHECK(both.faults.size() == 2);
    CHECK(both.faults[0].where.ends_with("annotation 7 of a.png"));
    CHECK(both.faults[1].where.find("annotation 8") != std::string::npos);
  }

  TEST_CASE("a point within a pixel of the border is no fault") {
    const Folder folder;
    CHECK(folder.with(annotation({{"segmentation", "[[-1, -0.5, 65, 2, 20, 49]]"}})).faults.empty());
    CHECK(folder.with(annotation({{"bbox", "[-1, -0.5, 66, 49]"}})).faults.empty());
  }

  TEST_CASE("images and categories that cannot be told apart, and other files") {
    const Folder folder;
    const std::string first = R"({"id": 1, "file_name": "a.png", "width": 64, "height": 48},)";
    folder.refused(folder.with("", first + R"({"id": 1, "file_name": "b.png", "width": 64, "height": 48})"), "image 1",
                   "another image");
    folder.refused(folder.with("", first + R"({"id": 2, "file_name": "a.png", "width": 64, "height": 48})"), "image 2",
                   "a.png");
    folder.refused(folder.with("", first + R"({"id": 2, "file_name": "b.png", "height": 48})"), "image 2",
                   "no `width`");
    folder.refused(folder.with("", first + R"({"id": 2, "file_name": "b.png", "width": 0, "height": 48})"), "image 2",
                   "0×48");
    folder.refused(folder.with("", first + "17"), "image number 2", "no JSON object");
    folder.refused(folder.read("{\n\"images\": [\n{\"id\": }]}"), "test.json:3", "no JSON");
    folder.refused(folder.read(""), "test.json:1", "no JSON");
    folder.refused(folder.read("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "", "LFS");
    CHECK(folder.read("[]").faults.size() == 3);
    CHECK(folder.read(R"({"images": [], "categories": []})").faults.size() == 1);
    std::filesystem::remove(folder.file());
    folder.refused(read_coco(folder.file()), "", "no such file");
    CHECK(read_coco(folder.folder.path()).faults.size() == 1);
  }

  TEST_CASE("what is mended is told") {
    const Folder folder;
    const CocoFile repeated = folder.with(annotation({}) + "," + annotation({{"id", "9"}, {"area", "5"}}) + "," +
                                          annotation({{"area", "6"}}));
    CHECK(repeated.faults.empty());
    REQUIRE(repeated.annotations.size() == 3);
    for (std::int64_t i = 0; i < 3; ++i) CHECK(repeated.annotations[static_cast<std::size_t>(i)].id == i + 1);
    REQUIRE(repeated.notes.size() == 1);
    CHECK(repeated.notes[0].starts_with("1 annotations have an id"));

    const CocoFile bare = folder.with(annotation({{"id", ""}, {"bbox", ""}, {"area", ""}, {"iscrowd", ""}}));
    REQUIRE(bare.annotations.size() == 1);
    CHECK(bare.notes.size() == 3);
    CHECK(bare.annotations[0].id == 1);
    CHECK(bare.annotations[0].area == 180);
    CHECK(bare.annotations[0].box.left == 2);
    CHECK(bare.annotations[0].box.width == 18);

    const CocoFile shifted = folder.with(
        "",
        R"({"id": 1, "file_name": "1.png", "width": 9, "height": 9}, {"id": 2, "file_name": "10.png", "width": 9, "height": 9})");
    REQUIRE(shifted.notes.size() == 1);
    CHECK(shifted.notes[0].starts_with("1 of 2 image ids"));
  }

  TEST_CASE("where boxes alone are wanted, outlines may be of any form") {
    const Folder folder;
    const std::string crowd =
        annotation({{"segmentation", R"({"counts": "abc", "size": [48, 64]})"}, {"iscrowd", "1"}});
    const CocoFile content = folder.with(crowd, kImages, Outlines::ignore);
    CHECK(content.faults.empty());
    REQUIRE(content.annotations.size() == 1);
    CHECK(content.annotations[0].crowd);
    CHECK(content.annotations[0].polygons.empty());
  }

  TEST_CASE("what is written is read again") {
    const Folder folder;
    const CocoFile content = folder.with(kGood);
    write_coco(folder.file(), content);
    const CocoFile again = read_coco(folder.file());
    CHECK(again.faults.empty());
    REQUIRE(again.annotations.size() == 1);
    CHECK(again.annotations[0].polygons == content.annotations[0].polygons);
    CHECK(again.annotations[0].area == 180);
    CHECK(again.annotations[0].id == 7);
    CHECK(again.images[1].file_name == "b.png");
    CHECK(again.images[0].height == 48);
    CHECK(again.categories[1].name == "9a");

    write_coco_detections(folder.file(), {{3, 26, {1.5, 2.25, 8, 9}, 1.0 / 3}});
    const CocoDetections found = read_coco_detections(folder.file());
    CHECK(found.faults.empty());
    REQUIRE(found.detections.size() == 1);
    CHECK(found.detections[0].image_id == 3);
    CHECK(found.detections[0].category_id == 26);
    CHECK(found.detections[0].box.top == 2.25);
    CHECK(found.detections[0].score == 1.0 / 3);
  }

  TEST_CASE("faults of detections") {
    const Folder folder;
    const auto faults = [&](const std::string& text) {
      std::ofstream(folder.file()) << text;
      return read_coco_detections(folder.file()).faults;
    };
    CHECK(faults("[]").empty());
    CHECK(faults("{}").size() == 1);
    CHECK(faults("[3]").size() == 1);
    const auto missing = faults(
        R"([{"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 4], "score": 1}, {"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 4]}])");
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].where.find("detection number 2") != std::string::npos);
    CHECK(missing[0].what.find("`score`") != std::string::npos);
    const auto corners = faults(R"([{"image_id": 1, "category_id": 2, "bbox": [9, 9, -4, 4], "score": 1}])");
    REQUIRE(corners.size() == 1);
    CHECK(corners[0].cure.find("two corners") != std::string::npos);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("ARCADE's own files") {
    const auto stenosis = tests::data_dir() / "arcade/stenosis/train/annotations/train.json";
    if (!std::filesystem::exists(stenosis)) {
      MESSAGE("skipped: no " << stenosis.string());
      return;
    }
    const CocoFile train = read_coco(stenosis);
    CHECK(train.faults.empty());
    CHECK(train.categories.size() == 26);
    REQUIRE(train.notes.size() >= 1);
    CHECK(train.notes[0].find("renumbered from 1") != std::string::npos);
    CHECK(train.annotations.back().id == static_cast<std::int64_t>(train.annotations.size()));

    const CocoFile test = read_coco(tests::data_dir() / "arcade/syntax/test/annotations/test.json");
    CHECK(test.faults.empty());
    REQUIRE(test.notes.size() == 1);
    CHECK(test.notes[0].find("found by file name") != std::string::npos);
    CHECK(id_of(test, "9a") == 10);
  }
}
