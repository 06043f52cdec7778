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

// Left half `left`, right half `right`.
void draw_halves(const fs::path& file, std::uint8_t left, std::uint8_t right, std::int64_t side = 16) {
  fs::create_directories(file.parent_path());
  vision::GreyImage image(side, side, left);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = side / 2; x < side; ++x) image.at(y, x) = right;
  }
  vision::write_png(file, image);
}

std::shared_ptr<Dataset> open_paired(const std::string& toml) {
  return tests::make_plugin<Dataset>("dataset.paired", toml, RunShape{});
}

std::string root(const fs::path& folder) { return fmt::format("root = \"{}\"\n", folder.string()); }

std::map<std::string, std::string> splits(const Dataset& dataset) {
  std::map<std::string, std::string> found;
  for (std::int64_t i = 0; i < dataset.size(); ++i) found[dataset.id(i).name] = dataset.id(i).split;
  return found;
}

using Splits = std::map<std::string, std::string>;

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("all three layouts are found, whatever the case and the extension") {
    const tests::TemporaryFolder folder;
    const fs::path by_split = folder.path() / "a", by_kind = folder.path() / "b", flat = folder.path() / "c";
    for (const char* split : {"Train", "valid", "test"}) {
      draw_halves(by_split / split / "img" / "1.png", 9, 9);
      draw_halves(by_split / split / "GT" / "1.bmp.png", 0, 255);
      fs::rename(by_split / split / "GT" / "1.bmp.png", by_split / split / "GT" / "1.BMP");
      draw_halves(by_kind / "images" / split / "1.png", 9, 9);
      draw_halves(by_kind / "masks" / split / "1.png", 0, 255);
    }
    draw_halves(flat / "images" / "sub" / "1.png", 9, 9);
    draw_halves(flat / "ground_truth" / "sub" / "1.png", 0, 255);
    CHECK(splits(*open_paired(root(by_split))) ==
          Splits{{"Train/img/1.png", "train"}, {"valid/img/1.png", "val"}, {"test/img/1.png", "test"}});
    CHECK(splits(*open_paired(root(by_kind))) ==
          Splits{{"images/Train/1.png", "train"}, {"images/valid/1.png", "val"}, {"images/test/1.png", "test"}});
    CHECK(splits(*open_paired(root(flat))) == Splits{{"images/sub/1.png", ""}});
    const Record record = open_paired(root(by_split))->record(0);
    CHECK((record.labels.scalar_type() == at::kInt));
    CHECK(record.labels[3][7].item<int>() == 0);
    CHECK(record.labels[3][8].item<int>() == 1);
    CHECK(record.id.files.size() == 2);
    tests::check_contains(error_of([&] { open_paired(root(folder.path())); }),
                          "holds neither images/ nor train/images/");
    fs::create_directories(flat / "gt");
    tests::check_contains(error_of([&] { open_paired(root(flat)); }), "mean the same");
  }

  TEST_CASE("folders by name: masks among the images, told by their suffix") {
    const tests::TemporaryFolder folder;
    for (const char* name : {"1", "2", "12"}) {
      draw_halves(folder.path() / fmt::format("{}.png", name), 9, 9);
      draw_halves(folder.path() / fmt::format("{}gt.png", name), 0, 255);
    }
    const std::string place = folder.path();
    const std::string lists = fmt::format("images = [\"{}\"]\nmasks = [\"{}\"]\n", place, place);
    const auto dataset = open_paired(lists + "mask_suffix = \"gt\"\nsplits = [\"val\"]");
    CHECK(splits(*dataset) == Splits{{"1.png", "val"}, {"12.png", "val"}, {"2.png", "val"}});
    CHECK(dataset->faults().empty());
    CHECK(dataset->record(0).labels.sum().item<std::int64_t>() == 128);
    tests::check_contains(error_of([&] { open_paired(lists); }), "mask_suffix");
    CHECK(open_paired(root(place) + "mask_suffix = \"gt\"")->record(0).labels.sum().item<std::int64_t>() == 128);
    tests::check_contains(error_of([&] { open_paired(root(place)); }), "where masks stand among the images");
  }

  TEST_CASE("several folders are several sources, named from where they part") {
    const tests::TemporaryFolder folder;
    for (const char* site : {"east", "west"}) draw_halves(folder.path() / site / "images" / "1.png", 9, 9);
    const auto dataset =
        open_paired(fmt::format("images = [\"{0}/east/images\", \"{0}/west/images\"]", folder.path().string()));
    CHECK(dataset->id(0).name == "east/images/1.png");
    CHECK(dataset->id(1).source == "west/images");
    CHECK(!dataset->has_masks());
    CHECK(dataset->labels().empty());
    CHECK(!dataset->record(0).labels.defined());
  }

  TEST_CASE("labels by value, each its own bit; what is no label is named") {
    const tests::TemporaryFolder folder;
    draw_halves(folder.path() / "images" / "1.png", 9, 9);
    draw_halves(folder.path() / "masks" / "1.png", 0, 2);
    const auto several = open_paired(root(folder.path()) + "labels = [\"catheter\", \"vessel\"]\nvalues = [1, 2]");
    CHECK(several->labels() == std::vector<std::string>{"catheter", "vessel"});
    CHECK(several->record(0).labels[0][15].item<int>() == 2);
    const auto unlisted = open_paired(root(folder.path()) + "labels = [\"catheter\", \"vessel\"]\nvalues = [1, 3]");
    tests::check_contains(error_of([&] { unlisted->record(0); }),
                          "masks/1.png: holds the value 2 (128 px), which is no label");
    const auto inverse = open_paired(root(folder.path()) + "values = [0]");
    tests::check_contains(error_of([&] { inverse->record(0); }), "holds the value 2");
    const auto binary = open_paired(root(folder.path()));
    tests::check_contains(error_of([&] { binary->record(0); }), "0 and 255, or 0 and 1");
    draw_halves(folder.path() / "masks" / "1.png", 0, 1);
    CHECK(binary->record(0).labels.sum().item<std::int64_t>() == 128);
    draw_halves(folder.path() / "masks" / "1.png", 4, 251);
    tests::check_contains(error_of([&] { binary->record(0); }), "threshold");
    CHECK(open_paired(root(folder.path()) + "threshold = 128")->record(0).labels.sum().item<std::int64_t>() == 128);
    draw_halves(folder.path() / "masks" / "1.png", 0, 255, 18);
    tests::check_contains(error_of([&] { binary->record(0); }), "is 18×18, its image");
  }

  TEST_CASE("an image without a mask and a mask without an image are faults that name them, or left out with a note") {
    const tests::TemporaryFolder folder;
    for (const char* name : {"1", "2", "3"}) draw_halves(folder.path() / "images" / fmt::format("{}.png", name), 9, 9);
    for (const char* name : {"3", "4"}) draw_halves(folder.path() / "masks" / fmt::format("{}.png", name), 0, 255);
    const auto strict = open_paired(root(folder.path()));
    REQUIRE(strict->faults().size() == 2);
    tests::check_contains(strict->faults()[0].where, "images/1.png");
    tests::check_contains(strict->faults()[0].what, "2.png");
    tests::check_contains(strict->faults()[1].where, "masks/4.png");
    const auto lenient = open_paired(root(folder.path()) + "unmatched = \"skip\"");
    CHECK(lenient->faults().empty());
    CHECK(lenient->notes().size() == 2);
    CHECK(splits(*lenient) == Splits{{"images/3.png", ""}});
    draw_halves(folder.path() / "masks" / "3.jpg.png", 0, 255);
    fs::rename(folder.path() / "masks" / "3.jpg.png", folder.path() / "masks" / "3.bmp");
    tests::check_contains(open_paired(root(folder.path()) + "unmatched = \"skip\"")->faults().at(0).what,
                          "two masks of one name");
  }

  TEST_CASE("shares are drawn by patient; lists say it by name") {
    const tests::TemporaryFolder folder;
    for (int patient = 0; patient < 10; ++patient) {
      for (int frame = 0; frame < 4; ++frame) {
        const std::string name = fmt::format("p{}_v1_{}.png", patient, frame);
        draw_halves(folder.path() / "images" / name, 9, 9);
        draw_halves(folder.path() / "masks" / name, 0, 255);
      }
    }
    const auto drawn = open_paired(root(folder.path()) + "split = [0.7, 0.1, 0.2]");
    std::map<std::string, std::set<std::string>> patients;
    for (std::int64_t i = 0; i < drawn->size(); ++i) patients[drawn->id(i).split].insert(drawn->id(i).patient);
    CHECK(patients["train"].size() == 7);
    CHECK(patients["val"].size() == 1);
    CHECK(patients["test"].size() == 2);
    CHECK(drawn->notes().empty());
    CHECK(splits(*drawn) != splits(*open_paired(root(folder.path()) + "split = [0.7, 0.1, 0.2]\nsplit_seed = 1")));
    CHECK(open_paired(root(folder.path()) + "split = [0.7, 0.1, 0.2]\npatient = \"\"")->notes().size() == 1);

    tests::write(folder.path() / "test.txt", "# held out\np3\r\nimages/p4_v1_2.png\n\n p5_v1_0 \n");
    const std::string test_list = fmt::format("test_list = \"{}\"\n", (folder.path() / "test.txt").string());
    const auto listed = open_paired(root(folder.path()) + test_list);
    CHECK(listed->size() == 40);
    std::int64_t test = 0;
    for (const auto& [name, split] : splits(*listed)) test += split == "test" ? 1 : 0;
    CHECK(test == 6);
    CHECK(splits(*listed).at("images/p5_v1_0.png") == "test");
    CHECK(splits(*listed).at("images/p5_v1_1.png") == "train");
    tests::write(folder.path() / "train.txt", "p1\np99\n");
    const std::string train_list = fmt::format("train_list = \"{}\"\n", (folder.path() / "train.txt").string());
    const auto both = open_paired(root(folder.path()) + test_list + train_list);
    CHECK(both->size() == 10);
    tests::check_contains(both->faults().at(0).where, "train.txt:2");
    tests::write(folder.path() / "train.txt", "p3\n");
    tests::check_contains(error_of([&] { open_paired(root(folder.path()) + test_list + train_list); }),
                          "lists `p3`, and so does");
    tests::check_contains(error_of([&] { open_paired(root(folder.path()) + test_list + "split = [1, 0, 1]"); }),
                          "not both");
    tests::check_contains(error_of([&] { open_paired(root(folder.path()) + "split = [0.8, 0.2]"); }), "three shares");
  }

  TEST_CASE("parameters that do not go together are refused") {
    const tests::TemporaryFolder folder;
    draw_halves(folder.path() / "images" / "1.png", 9, 9);
    const std::string images = fmt::format("images = [\"{}/images\"]\n", folder.path().string());
    CHECK_THROWS_AS(open_paired(""), ParameterError);
    CHECK_THROWS_AS(open_paired(root(folder.path()) + images), ParameterError);
    CHECK_THROWS_AS(open_paired(images + "splits = [\"train\", \"test\"]"), ParameterError);
    CHECK_THROWS_AS(open_paired(images + "labels = [\"a\", \"b\"]"), ParameterError);
    CHECK_THROWS_AS(open_paired(images + "labels = [\"a\", \"b\"]\nvalues = [1, 1]"), ParameterError);
    CHECK_THROWS_AS(open_paired(images + "values = [1]\nthreshold = 128"), ParameterError);
    CHECK_THROWS_AS(open_paired(images + "patient = \"p(\""), ParameterError);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("DCA1") {
    const fs::path folder = tests::data_dir() / "dca1";
    if (!fs::exists(folder)) {
      MESSAGE("skipped: no data in " << folder.string());
      return;
    }
    const auto dataset =
        open_paired(fmt::format("images = [\"{0}\"]\nmasks = [\"{0}\"]\nmask_suffix = \"gt\"", folder.string()));
    REQUIRE(dataset->size() > 0);
    CHECK(dataset->faults().empty());
    for (std::int64_t i = 0; i < dataset->size(); ++i) {
      const Record record = dataset->record(i);
      CHECK(record.image.sizes() == record.labels.sizes());
      if (record.id.name == "1.pgm")
        CHECK(record.labels.sum().item<std::int64_t>() == 3616);  // counted with Pillow 9.4
    }
  }
}
