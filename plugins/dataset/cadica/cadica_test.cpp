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

void add_frames(const fs::path& video, int count) {
  const std::string prefix = video.parent_path().filename().string() + "_" + video.filename().string();
  fs::create_directories(video / "input");
  for (int i = 1; i <= count; ++i)
    vision::write_png(video / "input" / fmt::format("{}_{:05}.png", prefix, i), vision::GreyImage(60, 80, 9));
}

// Two patients as the set's readme describes them. p1/v3 has lesions: of five frames 1, 2 and 4 are selected, 1 and 2
// have boxes, 4 an empty file. p1/v10 and p2/v1 have none.
fs::path tiny(const fs::path& folder) {
  const fs::path selected = folder / "CADICA" / "selectedVideos";
  tests::write(selected / "p1" / "lesionVideos.txt", "v3 \r\n");
  tests::write(selected / "p1" / "nonlesionVideos.txt", "v10");
  add_frames(selected / "p1" / "v3", 5);
  tests::write(selected / "p1/v3/p1_v3_selectedFrames.txt", "p1_v3_00001 \r\n00002\np1_v3_00004");
  tests::write(selected / "p1/v3/groundtruth/p1_v3_00001.txt", "10 20 30 15 p50_70\n1 2 3 4 p0_20 \r\n");
  tests::write(selected / "p1/v3/groundtruth/p1_v3_00002.txt", "10 20 30 15 p20_50");
  tests::write(selected / "p1/v3/groundtruth/p1_v3_00004.txt", "");
  tests::write(selected / "p1/v3/groundtruth/p1_v3_groundTruthTable.mat", "MATLAB 5.0");
  add_frames(selected / "p1" / "v10", 3);
  tests::write(selected / "p1/v10/p1_v10_selectedFrames.txt", "2\n\n");
  tests::write(selected / "p2" / "nonlesionVideos.txt", "p2_v1\n");
  add_frames(selected / "p2" / "v1", 2);
  tests::write(selected / "p2/v1/p2_v1_selectedFrames.txt", "p2_v1_00001\np2_v1_00001");
  add_frames(folder / "CADICA" / "nonselectedVideos" / "p2" / "v9", 2);
  tests::write(folder / "CADICA" / "selectedVideos" / "CADICAprojections.json", "{}");
  return selected;
}

std::shared_ptr<Dataset> open_cadica(const fs::path& root, const std::string& more = "") {
  return tests::make_plugin<Dataset>("dataset.cadica", fmt::format("root = \"{}\"\n{}", root.string(), more),
                                     RunShape{});
}

std::vector<std::string> names(const Dataset& dataset) {
  std::vector<std::string> result;
  for (std::int64_t i = 0; i < dataset.size(); ++i) result.push_back(dataset.id(i).name);
  return result;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("selected frames: of lesion videos with their boxes, of others as negatives") {
    const tests::TemporaryFolder folder;
    tiny(folder.path());
    const auto dataset = open_cadica(folder.path());
    CHECK(text_of(dataset->faults()) == "");
    CHECK(names(*dataset) ==
          std::vector<std::string>{"p1_v10_00002", "p1_v3_00001", "p1_v3_00002", "p1_v3_00004", "p2_v1_00001"});
    CHECK(dataset->labels() == std::vector<std::string>{"stenosis"});
    CHECK(dataset->has_boxes());
    CHECK_FALSE(dataset->has_masks());
    CHECK(dataset->id(1).patient == "p1");
    CHECK(dataset->id(1).sequence == "v3");
    CHECK(dataset->id(1).frame == 1);
    const Record record = dataset->record(1);
    REQUIRE(record.boxes.size() == 2);
    CHECK(record.boxes[0].left == 10);
    CHECK(record.boxes[0].top == 20);
    CHECK(record.boxes[0].width == 30);
    CHECK(record.boxes[0].height == 15);
    CHECK(record.boxes[0].area == 450);
    CHECK(record.boxes[0].label == 0);
    for (const std::int64_t negative : {0, 3, 4}) CHECK(dataset->record(negative).boxes.empty());
    says(tests::notes_of(*dataset), "2 frames of lesion videos were not selected: nobody looked");
    says(tests::notes_of(*dataset), "3 of 5 frames show no lesion");
  }

  TEST_CASE("grades as labels, or as what counts") {
    const tests::TemporaryFolder folder;
    tiny(folder.path());
    const auto graded = open_cadica(folder.path() / "CADICA", "labels = \"grades\"");
    CHECK(graded->labels().size() == 7);
    CHECK(graded->labels()[6] == "p100");
    CHECK(graded->record(1).boxes[0].label == 2);
    CHECK(graded->record(1).boxes[1].label == 0);
    const auto severe = open_cadica(folder.path(), "least_grade = \"p50_70\"");
    CHECK(severe->record(1).boxes.size() == 1);
    CHECK(severe->record(1).boxes[0].label == 0);
    CHECK(severe->record(2).boxes.empty());
    says(tests::notes_of(*severe), "1 frames show only lesions below p50_70");
    says(error_of([&] { open_cadica(folder.path(), "labels = \"grades\"\nleast_grade = \"p99\""); }),
         "goes with labels");
  }

  TEST_CASE("all frames, without boxes, for pre-training") {
    const tests::TemporaryFolder folder;
    tiny(folder.path());
    const auto dataset = open_cadica(folder.path(), "unlabelled = true");
    CHECK(dataset->size() == 5 + 3 + 2 + 2);
    CHECK_FALSE(dataset->has_boxes());
    CHECK(dataset->labels().empty());
    CHECK(dataset->record(0).boxes.empty());
    CHECK(dataset->id(dataset->size() - 1).name == "p2_v9_00002");
  }

  TEST_CASE("a patient is in one split") {
    const tests::TemporaryFolder folder;
    const fs::path selected = folder.path() / "selectedVideos";
    for (int patient = 1; patient <= 10; ++patient) {
      const std::string name = fmt::format("p{}", patient);
      tests::write(selected / name / "nonlesionVideos.txt", "v1\nv2\n");
      for (const std::string video : {"v1", "v2"}) {
        add_frames(selected / name / video, 2);
        tests::write(selected / name / video / fmt::format("{}_{}_selectedFrames.txt", name, video), "1\n2\n");
      }
    }
    const auto splits = [&](const std::string& more) {
      std::map<std::string, std::set<std::string>> found;
      const auto dataset = open_cadica(folder.path(), more);
      for (std::int64_t i = 0; i < dataset->size(); ++i) found[dataset->id(i).patient].insert(dataset->id(i).split);
      return found;
    };
    std::map<std::string, int> patients;
    for (const auto& [patient, in] : splits("")) {
      CHECK(in.size() == 1);
      ++patients[*in.begin()];
    }
    CHECK(patients == std::map<std::string, int>{{"train", 7}, {"val", 1}, {"test", 2}});
    CHECK(splits("seed = 1") != splits("seed = 2"));
  }

  TEST_CASE("what does not fit is named, all of it at once") {
    const tests::TemporaryFolder folder;
    const fs::path selected = tiny(folder.path());
    tests::write(selected / "p1/v3/groundtruth/p1_v3_00001.txt", "10 20 30 15 p50_70\n10 20 30 15 p60\n");
    fs::remove(selected / "p1/v3/groundtruth/p1_v3_00002.txt");
    tests::write(selected / "p1/v3/groundtruth/p1_v3_00003.txt", "10 20 30 15 p99");
    tests::write(selected / "p1/v10/p1_v10_selectedFrames.txt", "2\nframe\n77");
    tests::write(selected / "p2/nonlesionVideos.txt", "v1\nv4");
    tests::write(selected / "p2/v1/groundtruth/p2_v1_00001.txt", "1 1 5 5 p99");
    add_frames(selected / "p2" / "v2", 1);
    add_frames(selected / "p2" / "v3", 1);
    tests::write(selected / "p2/lesionVideos.txt", "v3");
    const auto dataset = open_cadica(folder.path());
    const std::string faults = text_of(dataset->faults());
    says(faults, "p1_v3_00001.txt:2: `p60` is no label (labels are p0_20, ");
    says(faults, "p1_v10_selectedFrames.txt:2: `frame` is no frame");
    says(faults, "p1_v10_selectedFrames.txt:3: frame `77` is not in ");
    says(faults, "p2/v2: is neither in lesionVideos.txt");
    says(faults, "p2/v4: is missing; nonlesionVideos.txt lists it");
    says(faults, "p2_v3_selectedFrames.txt: cannot be read");
    says(faults, "p2_v1_00001.txt: holds lesions, but its video is in nonlesionVideos.txt");
    CHECK(dataset->faults().size() == 7);
    CHECK(names(*dataset) == std::vector<std::string>{"p1_v10_00002", "p1_v3_00004"});
    says(tests::notes_of(*dataset), "1 selected frames of lesion videos have no file of boxes");
    says(tests::notes_of(*dataset), "1 files of boxes belong to frames that were not selected");
    says(error_of([&] { open_cadica(selected); }), "has no folder `selectedVideos`");
  }

  TEST_CASE("rows of boxes") {
    const tests::TemporaryFolder folder;
    const fs::path selected = tiny(folder.path());
    const auto fault_of = [&](const std::string& row) {
      tests::write(selected / "p1/v3/groundtruth/p1_v3_00001.txt", row);
      const auto dataset = open_cadica(folder.path());
      if (!dataset->faults().empty()) return text_of(dataset->faults());
      return error_of([&] { dataset->record(1); });
    };
    says(fault_of("1 2 3 p99"), "is no row of `x y w h label`");
    says(fault_of("1 2 3 4 p99 0.9"), "is no row of `x y w h label`");
    says(fault_of("1,2,3,4,p99"), "is no row of `x y w h label`");
    says(fault_of("1 2 0 4 p99"), "has no area");
    says(fault_of("-1 2 4 4 p99"), "begins outside");
    says(fault_of("70 2 12 4 p99"), "reaches outside the image of 80×60");
    CHECK(fault_of("0 0 80 60 p99") == "none");
    CHECK(fault_of("1 1 80 60 p99") == "none");
    CHECK(open_cadica(folder.path())->record(1).boxes[0].width == 79);
  }
}
