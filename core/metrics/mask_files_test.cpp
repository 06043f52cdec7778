#include "metrics/mask_files.hpp"

#include "vision/image_io.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <algorithm>

using namespace vaso;
using namespace vaso::metrics;
namespace fs = std::filesystem;

namespace {

fs::path write(const fs::path& file, const std::vector<std::uint8_t>& values) {
  fs::create_directories(file.parent_path());
  vision::GreyImage image(8, 9);
  std::copy(values.begin(), values.end(), image.pixels.begin());
  vision::write_png(file, image);
  return file;
}

std::string fault_of(const fs::path& file, std::size_t labels) {
  try {
    read_label_masks(file, labels);
  } catch (const DataError& error) {
    CHECK(error.fault().where == file.string());
    CHECK_FALSE(error.fault().cure.empty());
    return error.fault().what;
  }
  return "none";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("masks pair by relative path, extensions aside") {
    const tests::TemporaryFolder folder;
    const fs::path truth = folder.path() / "truth", found = folder.path() / "found";
    write(truth / "2.png", {});
    write(truth / "10.png", {});
    write(truth / "p1/2.png", {});
    write(truth / "lonely.png", {});
    write(found / "10.png", {});
    write(found / "2.bmp.png", {});
    fs::rename(found / "2.bmp.png", found / "2.PNG");
    write(found / "p1/2.png", {});
    write(found / "p2/2.png", {});
    std::vector<Fault> faults;
    const auto pairs = pair_mask_files(truth, found, faults);
    REQUIRE(pairs.size() == 3);
    CHECK(pairs[0].name == "10");
    CHECK(pairs[1].name == "2");
    CHECK(pairs[1].prediction == found / "2.PNG");
    CHECK(pairs[2].name == "p1/2");
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].where == (truth / "lonely.png").string());
    CHECK(faults[1].where == (found / "p2/2.png").string());

    write(truth / "2.jpg.png", {});
    fs::rename(truth / "2.jpg.png", truth / "2.bmp");
    faults.clear();
    CHECK(pair_mask_files(truth, found, faults).size() == 2);
    CHECK(faults.size() == 3);
    fs::create_directories(folder.path() / "empty");
    faults.clear();
    CHECK(pair_mask_files(folder.path() / "empty", folder.path() / "empty", faults).empty());
    CHECK(faults.size() == 1);
    CHECK_THROWS_AS(pair_mask_files(folder.path() / "none", found, faults), DataError);
  }

  TEST_CASE("values of masks") {
    const tests::TemporaryFolder folder;
    const fs::path full = write(folder.path() / "full.png", {0, 255, 0, 255}),
                   one = write(folder.path() / "one.png", {0, 1, 0, 1}), none = write(folder.path() / "none.png", {}),
                   mixed = write(folder.path() / "mixed.png", {0, 1, 255}),
                   map = write(folder.path() / "map.png", {0, 3, 1, 3});
    CHECK(read_label_masks(full, 1)[0].pixels == read_label_masks(one, 1)[0].pixels);
    CHECK(read_label_masks(full, 1)[0].at(0, 3) == 255);
    CHECK(read_label_masks(none, 1)[0].pixels == std::vector<std::uint8_t>(72, 0));
    CHECK(fault_of(mixed, 1).find("value 1 (1 px)") != std::string::npos);
    CHECK(fault_of(map, 1).find("value 3 (2 px)") != std::string::npos);

    const auto masks = read_label_masks(map, 3);
    REQUIRE(masks.size() == 3);
    CHECK(masks[0].at(0, 2) == 255);
    CHECK(masks[1].pixels == std::vector<std::uint8_t>(72, 0));
    CHECK(masks[2].at(0, 1) == 255);
    CHECK(masks[2].at(0, 3) == 255);
    CHECK(fault_of(map, 2).find("they are 0 to 2") != std::string::npos);
    CHECK(fault_of(full, 25).find("value 255") != std::string::npos);
  }
}
