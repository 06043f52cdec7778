#include "annotations/rasterise.hpp"

#include "annotations/coco_json.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

using namespace vaso;
using namespace vaso::annotations;

namespace {

struct Expected {
  const char* name;
  Polygon xy;
  std::int64_t height, width;
  std::int64_t pixels;
  std::int64_t places;  // sum of y·width + x over the pixels inside
};

std::int64_t places(const vision::GreyImage& mask) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) sum += mask.pixels[i] != 0 ? static_cast<std::int64_t>(i) : 0;
  return sum;
}

// Knuth's MMIX generator, so that the oracle can draw the same polygons.
struct Draw {
  std::uint64_t state = 0x9E3779B97F4A7C15;
  std::int64_t operator()(std::int64_t count) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>(state >> 33) % count;
  }
};

}  // namespace

TEST_SUITE("unit") {
  // Expected values: rleFrPoly of cocodataset/cocoapi 8c9bcc3, common/maskApi.c, compiled with gcc.
  TEST_CASE("small polygons are what cocoapi makes of them") {
    const std::vector<Expected> cases = {
        {"square", {2, 3, 7, 3, 7, 9, 2, 9}, 12, 12, 30, 2100},
        {"square at half pixels", {2.5, 3.5, 7.5, 3.5, 7.5, 9.5, 2.5, 9.5}, 12, 12, 30, 2490},
        {"triangle at quarter pixels", {1.25, 1.75, 17.5, 4.25, 6.75, 15.25}, 20, 20, 98, 13356},
        {"cut off on all sides", {-7.5, -3.25, 9.25, 4.5, 30.75, 11, 14.5, 40.25, -3, 12.75}, 24, 20, 376, 103493},
        {"around the image", {-5, -5, 40, -5, 40, 40, -5, 40}, 16, 24, 384, 73536},
        {"beyond the image", {30, 30, 40, 30, 40, 40}, 16, 24, 0, 0},
        {"pentagram", {15, 1, 23.25, 27, 1.5, 10.75, 28.5, 10.75, 6.75, 27}, 30, 30, 154, 70504},
        {"bow", {2, 2, 20, 14, 20, 2, 2, 14}, 16, 24, 108, 20574},
        {"points twice", {2, 2, 2, 2, 14.5, 2, 14.5, 2, 14.5, 10.25, 2, 10.25}, 16, 24, 104, 14560},
        {"two points", {2, 2, 14, 9}, 16, 24, 0, 0},
        {"line", {2.5, 3.5, 12.5, 3.5, 2.5, 3.5}, 16, 24, 0, 0},
    };
    for (const Expected& expected : cases) {
      CAPTURE(expected.name);
      const vision::GreyImage mask = rasterise(expected.xy, expected.height, expected.width);
      CHECK(count_pixels(mask) == expected.pixels);
      CHECK(places(mask) == expected.places);
    }
  }

  TEST_CASE("three hundred random polygons, most of them self-intersecting and cut off") {
    Draw draw;
    std::int64_t pixels = 0, sum = 0;
    for (int i = 0; i < 300; ++i) {
      Polygon xy(static_cast<std::size_t>(2 * (3 + draw(9))));
      for (double& coordinate : xy) coordinate = static_cast<double>(draw(600) - 100) / 4;
      const vision::GreyImage mask = rasterise(xy, 80, 96);
      pixels += count_pixels(mask);
      sum += places(mask);
    }
    CHECK(pixels == 683597);
    CHECK(sum == 2818663182);
  }

  TEST_CASE("parts are united, not cancelled") {
    const std::vector<Polygon> parts = {{2, 2, 8, 2, 8, 8, 2, 8}, {5, 5, 11, 5, 11, 11, 5, 11}};
    CHECK(count_pixels(rasterise(parts, 16, 16)) == 36 + 36 - 9);
    CHECK(rasterise(Polygon{2, 2, 8, 2, 8, 8, 2, 8}, 16, 16).at(7, 7) == 255);
  }

  TEST_CASE("what is no polygon") {
    CHECK(count_pixels(rasterise(Polygon{}, 8, 8)) == 0);
    CHECK_THROWS_AS(rasterise(Polygon{1, 2, 3}, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(rasterise(Polygon{1, 2, 3, std::nan("")}, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(rasterise(Polygon{1, 2, 3, std::numeric_limits<double>::infinity()}, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(rasterise(Polygon{1, 2, 3, 1e9}, 8, 8), std::invalid_argument);
    CHECK_THROWS_AS(rasterise(Polygon{1, 2, 3, 4}, -1, 8), std::invalid_argument);
  }
}

TEST_SUITE("reference") {
  // ARCADE's own `area` fields are pixel counts of COCO's rasteriser, but for the syntax outlines of train and val that
  // went through a text format in some copies: whether a file's are, its areas say, which then are whole numbers.
  TEST_CASE("the area of every ARCADE annotation is our pixel count") {
    std::size_t compared = 0;
    for (const std::string task : {"stenosis", "syntax"}) {
      for (const std::string split : {"train", "val", "test"}) {
        const auto path = tests::data_dir() / "arcade" / task / split / "annotations" / (split + ".json");
        if (!std::filesystem::exists(path)) continue;
        const CocoFile file = read_coco(path);
        std::map<std::int64_t, const CocoImage*> images;
        for (const CocoImage& image : file.images) images[image.id] = &image;
        CAPTURE(path.string());
        const bool shoelace = std::any_of(file.annotations.begin(), file.annotations.end(), [](const auto& annotation) {
          return annotation.area != std::floor(annotation.area);
        });
        if (task == "syntax" && shoelace) continue;
        for (const CocoAnnotation& annotation : file.annotations) {
          CAPTURE(annotation.id);
          const CocoImage& image = *images.at(annotation.image_id);
          CHECK(count_pixels(rasterise(annotation.polygons, image.height, image.width)) == annotation.area);
        }
        compared += file.annotations.size();
      }
    }
    if (compared == 0) MESSAGE("skipped: no ARCADE annotations in " << tests::data_dir().string());
    MESSAGE(compared << " areas compared");
  }
}
