#include "data/pack.hpp"
#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include "support/faults.hpp"
#include "support/paths.hpp"
#include "support/plugins.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>

using namespace vaso;
using tests::error_of;
namespace fs = std::filesystem;

namespace {

void draw_grey(const fs::path& file, std::uint8_t grey, std::int64_t height = 20, std::int64_t width = 30) {
  fs::create_directories(file.parent_path());
  vision::write_png(file, vision::GreyImage(height, width, grey));
}

void touch(const fs::path& file) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

std::shared_ptr<Dataset> open_images(const std::vector<fs::path>& roots, const std::string& more = "") {
  std::string list;
  for (const fs::path& root : roots) list += fmt::format("\"{}\", ", root.string());
  return tests::make_plugin<Dataset>("dataset.images", fmt::format("root = [{}]\n{}", list, more), RunShape{});
}

std::vector<std::string> sourced_names(const Dataset& dataset) {
  std::vector<std::string> result;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const RecordId id = dataset.id(i);
    result.push_back(id.source.empty() ? id.name : id.source + ":" + id.name);
  }
  return result;
}

bool contains(const std::string& text, const std::string& words) {
  CAPTURE(text);
  CHECK(text.find(words) != std::string::npos);
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE(
      "images come sorted, from folders below, in any case of their extension; what is hidden or no image stays out") {
    const tests::TemporaryFolder folder;
    const fs::path root = folder.path() / "frames";
    for (const char* name :
         {"b.png", "a.PNG", "10.png", "9.png", "sub/c.JPG", "z/y/x.png", ".hidden.png", ".cache/d.png", "._a.png"}) {
      draw_grey(root / (std::string(name) + ".png"), 7);
      fs::rename(root / (std::string(name) + ".png"), root / name);
    }
    touch(root / "notes.txt");
    touch(root / "labels.xml");
    CHECK(sourced_names(*open_images({root})) ==
          std::vector<std::string>{"10.png", "9.png", "a.PNG", "b.png", "sub/c.JPG", "z/y/x.png"});
    CHECK(sourced_names(*open_images({root}, "recursive = false")) ==
          std::vector<std::string>{"10.png", "9.png", "a.PNG", "b.png"});
    const Record record = open_images({root})->record(4);
    CHECK(record.image.sizes() == at::IntArrayRef({20, 30}));
    CHECK(record.image[3][3].item<int>() == 7);
    CHECK(record.maps.empty());
    CHECK(record.id.files.at(0) == (root / "sub/c.JPG").string());
  }

  TEST_CASE("the layout of XA-170K: side folders of either name, paired by stem, never read as images") {
    for (const char* suffix : {"_frangi", "_filter_92"}) {
      CAPTURE(suffix);
      const tests::TemporaryFolder folder;
      const fs::path all = folder.path() / "XA-170K";
      for (const char* source : {"cadica", "xcad"}) {
        for (int i = 0; i < 3; ++i) {
          draw_grey(all / source / fmt::format("{}.png", i), static_cast<std::uint8_t>(10 + i));
          // The mask has another extension than its image.
          draw_grey(all / (source + std::string(suffix)) / fmt::format("{}.BMP", i),
                    static_cast<std::uint8_t>(200 + i));
        }
      }
      const std::vector<fs::path> each{all / "cadica", all / "xcad"};
      for (const auto& dataset : {open_images({all}), open_images(each)}) {
        REQUIRE(dataset->size() == 6);
        CHECK(dataset->maps() == std::vector<std::string>{"filter"});
        for (std::int64_t i = 0; i < 6; ++i) {
          const Record record = dataset->record(i);
          CHECK(record.image[0][0].item<int>() + 190 == record.maps.at("filter")[0][0].item<int>());
          CHECK(record.id.files.size() == 2);
        }
      }
      CHECK(sourced_names(*open_images(each)).front() == "cadica:0.png");
      CHECK(open_images({all}, "masks = \"none\"")->maps().empty());
    }
  }

  TEST_CASE("a missing mask is named") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "a" / "1.png", 1);
    draw_grey(folder.path() / "a" / "2.png", 1);
    draw_grey(folder.path() / "a_frangi" / "1.png", 255);
    CHECK(contains(error_of([&] { open_images({folder.path() / "a"}); }), "2.png: has no mask in"));
    draw_grey(folder.path() / "a_frangi" / "2.png", 255);
    CHECK(open_images({folder.path() / "a"})->size() == 2);
    draw_grey(folder.path() / "a_frangi" / "2.bmp", 255);
    CHECK(contains(error_of([&] { open_images({folder.path() / "a"}); }), "has two masks"));
  }

  TEST_CASE("both side folders, half the masks, or none where they are required") {
    const tests::TemporaryFolder folder;
    const fs::path a = folder.path() / "a", b = folder.path() / "b";
    draw_grey(a / "1.png", 1);
    draw_grey(b / "1.png", 1);
    CHECK(contains(error_of([&] { open_images({a, b}, "masks = \"required\""); }), "has no side folder of masks"));
    draw_grey(folder.path() / "a_frangi" / "1.png", 255);
    CHECK(contains(error_of([&] { open_images({a, b}); }), "has one"));
    draw_grey(folder.path() / "a_filter_92" / "1.png", 128);
    CHECK(contains(error_of([&] { open_images({a}); }), "both hold masks"));
    const auto chosen =
        open_images({a}, fmt::format("mask_folders = [\"{}\"]", (folder.path() / "a_filter_92").string()));
    CHECK(chosen->record(0).maps.at("filter")[0][0].item<int>() == 128);
  }

  TEST_CASE("a mask of another size is a fault that names both sizes and files") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "a" / "1.png", 1, 20, 30);
    draw_grey(folder.path() / "a_frangi" / "1.png", 255, 20, 29);
    const std::string error = error_of([&] { open_images({folder.path() / "a"})->record(0); });
    CHECK(contains(error, "a_frangi/1.png: is 29×20"));
    CHECK(contains(error, "a/1.png is 30×20"));
  }

  TEST_CASE("masks of 0 and 1 are masks of 0 and 255") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "a" / "1.png", 1);
    draw_grey(folder.path() / "a_frangi" / "1.png", 1);
    CHECK(open_images({folder.path() / "a"})->record(0).maps.at("filter")[5][5].item<int>() == 255);
  }

  TEST_CASE("names that look like side folders but have nothing beside them hold images") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "all" / "study_frangi" / "1.png", 1);
    CHECK(open_images({folder.path() / "all"})->size() == 1);
    CHECK(open_images({folder.path() / "all" / "study_frangi"})->size() == 1);
  }

  TEST_CASE("roots with equal names are told apart, a root given twice is refused") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "x" / "frames" / "1.png", 1);
    draw_grey(folder.path() / "y" / "frames" / "1.png", 1);
    draw_grey(folder.path() / "z" / "1.png", 1);
    const auto dataset =
        open_images({folder.path() / "x" / "frames", folder.path() / "y" / "frames/", folder.path() / "z"});
    CHECK(sourced_names(*dataset) == std::vector<std::string>{"x/frames:1.png", "y/frames:1.png", "z:1.png"});
    CHECK(contains(error_of([&] { open_images({folder.path() / "z", folder.path() / "x" / ".." / "z"}); }), "twice"));
  }

  TEST_CASE("linked folders are followed, loops are not") {
    const tests::TemporaryFolder folder;
    draw_grey(folder.path() / "real" / "1.png", 1);
    draw_grey(folder.path() / "root" / "2.png", 1);
    fs::create_directory_symlink(folder.path() / "real", folder.path() / "root" / "link");
    fs::create_directory_symlink(folder.path() / "root", folder.path() / "root" / "self");
    fs::create_directory_symlink(folder.path() / "root", folder.path() / "real" / "back");
    CHECK(sourced_names(*open_images({folder.path() / "root"})) == std::vector<std::string>{"2.png", "link/1.png"});
  }

  TEST_CASE("empty folders, folders named like images, broken files") {
    const tests::TemporaryFolder folder;
    touch(folder.path() / "a" / "readme.md");
    CHECK(contains(error_of([&] { open_images({folder.path() / "a"}); }), "holds no image"));
    fs::create_directories(folder.path() / "a" / "odd.png");
    touch(folder.path() / "a" / "text.png");
    const auto dataset = open_images({folder.path() / "a"});
    CHECK(contains(error_of([&] { dataset->record(0); }), "odd.png: is no regular file"));
    CHECK(contains(error_of([&] { dataset->record(1); }), "text.png: is no PNG"));
    CHECK(contains(error_of([&] { open_images({folder.path() / "none"}); }), "none"));
    CHECK(contains(error_of([&] { open_images({}); }), "at least one folder"));
  }

  TEST_CASE("patient, sequence and frame are read from the name") {
    const tests::TemporaryFolder folder;
    for (const char* name :
         {"danilov_14_042_5_0049.png", "14_021_1_0073.png", "p12_v3_00045.png", "arcade_syntax_train_114.png"}) {
      draw_grey(folder.path() / "a" / name, 1);
    }
    const auto dataset = open_images({folder.path() / "a"});
    CHECK(dataset->id(0).patient == "14_021");
    CHECK(dataset->id(0).frame == 73);
    CHECK(dataset->id(1).patient.empty());
    CHECK(dataset->id(1).frame == -1);
    CHECK(dataset->id(2).patient == "14_042");
    CHECK(dataset->id(2).sequence == "5");
    CHECK(dataset->id(2).frame == 49);
    CHECK(dataset->id(3).patient == "p12");
    CHECK(dataset->id(3).sequence == "v3");
    CHECK(open_images({folder.path() / "a"}, R"(patient = "^(arcade)_")")->id(1).patient == "arcade");
    CHECK(open_images({folder.path() / "a"}, R"(patient = "")")->id(0).patient.empty());
    CHECK(contains(error_of([&] { open_images({folder.path() / "a"}, R"(patient = "(")"); }), "regular expression"));
    CHECK(contains(error_of([&] { open_images({folder.path() / "a"}, R"(patient = "a")"); }), "group"));
  }

  TEST_CASE("real frames") {
    const fs::path frames = tests::data_dir() / "frames";
    if (!fs::exists(frames)) {
      MESSAGE("skipped: no " << frames.string());
      return;
    }
    const auto dataset = open_images({frames});
    CHECK(dataset->size() > 100);
    CHECK(dataset->record(0).image.sizes() == at::IntArrayRef({256, 256}));
    CHECK(dataset->id(dataset->size() - 1).patient.starts_with("14_"));
  }
}
