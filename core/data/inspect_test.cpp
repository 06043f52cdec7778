#include "data/inspect.hpp"

#include "data/near_frames.hpp"

#include "support/memory_dataset.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace vaso;
using namespace vaso::data;

namespace {

// Whether rows from `top` to `bottom` show more than the paper.
bool has_ink(const vision::ColourImage& sheet, std::int64_t top, std::int64_t bottom) {
  for (std::int64_t y = top; y < bottom; ++y) {
    for (std::int64_t x = 0; x < sheet.width; ++x) {
      if (sheet.at(y, x).red > 100) return true;
    }
  }
  return false;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("an inspection counts, and lists every fault") {
    tests::MemoryDataset dataset(12);
    dataset.broken = {3, 8};
    dataset.records[5].image = dataset.records[4].image.clone();
    dataset.records[5].maps = dataset.records[4].maps;
    dataset.records[1].id.patient = "";
    dataset.records[6].maps["filter"] = at::zeros({4, 4}, at::kByte);
    const Inspection found = inspect(dataset, 0, 3);
    CHECK(found.records == 12);
    REQUIRE(found.faults.size() == 3);
    CHECK(found.faults[0].where == "ramp-3");
    CHECK(found.faults[1].what.find("another size") != std::string::npos);
    REQUIRE(found.sources.size() == 2);
    CHECK(found.sources[0].source == "even");
    CHECK(found.sources[0].records == 4);   // 0 2 4 10
    CHECK(found.sources[0].patients == 3);  // p0 p1 p2
    CHECK(found.sources[1].without_patient == 1);
    CHECK(found.sizes.at({54, 41}) == 2);  // 4 and its copy 5
    REQUIRE(found.maps.size() == 1);
    CHECK(found.maps[0].mean == doctest::Approx(0.5).epsilon(0.02));
    REQUIRE(found.duplicates.size() == 1);
    CHECK(found.duplicates[0] == std::vector<std::string>{"even/ramp-4", "odd/ramp-5"});
    const std::string text = found.to_text();
    for (const char* words : {"12 records, 9 readable", "source even: 4 records, 3 known patients",
                              "even/ramp-4, odd/ramp-5", "3 faults", "ramp-8: is broken", "mend it"}) {
      CAPTURE(text);
      CHECK(text.find(words) != std::string::npos);
    }
    const auto json = nlohmann::json::parse(found.to_json());
    CHECK(json["faults"].size() == 3);
    CHECK(json["sizes"][0]["records"].is_number());
  }

  TEST_CASE("grey statistics") {
    tests::MemoryDataset dataset(2);
    dataset.records[0].image = at::full({40, 50}, 100, at::kByte);
    dataset.records[1].image = at::full({41, 51}, 100, at::kByte);
    dataset.records[0].image.slice(0, 0, 20).fill_(50);
    dataset.records[1].maps["filter"] = at::zeros({41, 51}, at::kByte);
    const Inspection found = inspect(dataset, 1, 1);
    CHECK(found.records == 1);
    CHECK(found.grey_mean == doctest::Approx(75));
    CHECK(found.grey_deviation == doctest::Approx(25));
    CHECK(found.grey_p01 == 50);
    CHECK(found.grey_p99 == 100);
    CHECK(inspect(dataset, 0, 1).maps[0].empty == 1);
  }

  TEST_CASE("near groups gather around their first member") {
    const auto with = [](std::uint64_t hash, std::uint8_t corner) {
      Sketch sketch;
      sketch.hash = hash;
      sketch.thumbnail.fill(100);
      sketch.thumbnail[0] = corner;  // 100 + d differs by d/32 grey levels
      return sketch;
    };
    const std::uint64_t far = 0xf0f0f0f0f0f0f0f0;
    const auto groups = near_groups({with(0, 100), with(far, 100), with(0b111, 100), with(far ^ 1, 100),
                                     with(0b1111, 100), with(0, 170), with(0b11, 190), with(0x0001000100010001, 100)});
    REQUIRE(groups.size() == 2);
    CHECK(groups[0] == std::vector<std::int64_t>{0, 2, 5});  // 4 and 7 are four bits off, 6 is 2.8 grey levels off
    CHECK(groups[1] == std::vector<std::int64_t>{1, 3});
  }

  TEST_CASE("a sketch survives a change of brightness and some noise, and tells frames apart") {
    vision::GreyImage a(64, 72), b(64, 72), c(64, 72);
    for (std::int64_t y = 0; y < 64; ++y) {
      for (std::int64_t x = 0; x < 72; ++x) {
        a.at(y, x) = static_cast<std::uint8_t>((x / 16 % 2 == 0 ? 80 : 160) + (y > 30 ? 20 : 0));
        b.at(y, x) = static_cast<std::uint8_t>(a.at(y, x) + 30 + (x * 7 + y * 3) % 5);
        c.at(y, x) = static_cast<std::uint8_t>(255 - a.at(y, x));
      }
    }
    CHECK(alike(sketch(a), sketch(b)));
    CHECK_FALSE(alike(sketch(a), sketch(c)));
  }

  TEST_CASE("the contact sheet shows frames beside the same frames with maps in colour") {
    const tests::MemoryDataset dataset(7);
    const vision::ColourImage sheet = contact_sheet(dataset, 4, {}, 60);
    CHECK(sheet.width == 4 * 64 - 4);  // four pairs are two by two
    CHECK(sheet.height >= 2 * (64 + 16) - 4);
    CHECK(has_ink(sheet, 60, 76));                           // the name below the first pair
    CHECK(has_ink(sheet, 2 * (64 + 16) - 4, sheet.height));  // the legend
    const vision::Colour plain = sheet.at(20, 10), marked = sheet.at(20, 74), unmarked = sheet.at(20, 64 + 50);
    CHECK(plain.red == plain.blue);
    CHECK(marked.red > marked.blue + 50);
    CHECK(unmarked.red == unmarked.blue);
  }
}
