#include "data/labelled_loader.hpp"

#include "data/subset.hpp"
#include "support/memory_dataset.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

#include <numeric>

using namespace vaso;
using namespace vaso::data;

namespace {

// Frames with ten labels: label c marks row c, and label 9 row 3 as well. Frame i has i boxes.
class LabelledDataset final : public Dataset {
 public:
  explicit LabelledDataset(std::int64_t count) : frames_(count) {
    for (Record& record : frames_.records) {
      const std::int64_t i = record.id.frame;
      record.labels = at::zeros(record.image.sizes(), at::kInt);
      for (std::int64_t label = 0; label < 10; ++label) record.labels[label].bitwise_or_(std::int64_t{1} << label);
      record.labels[3].bitwise_or_(1 << 9);
      for (std::int64_t b = 0; b < i; ++b) {
        record.boxes.push_back({5.0 * static_cast<double>(b), 4, 10, 12, b % 2, 120, false});
      }
    }
  }
  std::int64_t size() const override { return frames_.size(); }
  RecordId id(std::int64_t index) const override { return frames_.id(index); }
  std::vector<std::string> labels() const override { return std::vector<std::string>(10, "row"); }
  bool has_masks() const override { return true; }
  bool has_boxes() const override { return true; }
  Record record(std::int64_t index) const override {
    Record record = frames_.record(index);
    record.maps.clear();
    return record;
  }

 private:
  tests::MemoryDataset frames_;
};

struct Packed {
  tests::TemporaryFolder folder;
  Pack pack;
  explicit Packed(std::int64_t count) : pack(write(count)) {}

  std::filesystem::path write(std::int64_t count) {
    const LabelledDataset dataset(count);
    PackRequest request;
    request.dataset = &dataset;
    request.extra = label_planes(10);
    write_pack(folder.path() / "labelled.pack", request);
    return folder.path() / "labelled.pack";
  }

  LabelledRequest request() const {
    LabelledRequest request;
    request.pack = &pack;
    request.records.resize(static_cast<std::size_t>(pack.size()));
    std::iota(request.records.begin(), request.records.end(), 0);
    request.side = 32;
    request.labels = 10;
    request.masks = request.boxes = true;
    request.mean = {0.5, 0.5, 0.5};
    request.deviation = {0.25, 0.25, 0.25};
    request.batch_size = 4;
    return request;
  }
};

std::vector<LabelledImages> epoch(const LabelledRequest& request, std::int64_t number, std::int64_t first = 0) {
  LabelledLoader loader(request);
  loader.begin(number, first);
  std::vector<LabelledImages> batches;
  for (LabelledImages images; loader.next(images);) batches.push_back(images);
  return batches;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("labels survive the pack, beyond eight of them, where they overlap") {
    const Packed packed(3);
    for (const std::int64_t label : {std::int64_t{0}, std::int64_t{7}, std::int64_t{8}, std::int64_t{9}}) {
      const at::Tensor mask = label_mask(packed.pack, 1, label);
      CHECK(mask[label].eq(255).all().item<bool>());
      CHECK(mask.ne(0).sum().item<std::int64_t>() == mask.size(1) * (label == 9 ? 2 : 1));
    }
    CHECK(label_mask(packed.pack, 1, 9)[3].eq(255).all().item<bool>());
    CHECK(packed.pack.boxes(2).size() == 2);
    CHECK(packed.pack.boxes(2)[1].left == 5);
    CHECK(packed.pack.boxes(2)[1].label == 1);
  }

  TEST_CASE("without augmentation: fitted, in order, the last batch as it comes") {
    const Packed packed(6);
    const auto batches = epoch(packed.request(), 0);
    REQUIRE(batches.size() == 2);
    CHECK(batches[1].batch.image.size(0) == 2);
    CHECK(batches[1].index[1].item<std::int64_t>() == 5);
    CHECK(batches[0].batch.masks.sizes() == at::IntArrayRef({4, 10, 32, 32}));
    const auto& boxes = batches[0].batch.boxes;
    CHECK(boxes[0].size(0) == 0);
    CHECK(boxes[3].size(0) == 3);
    const double scale = batches[0].placements[3].xx;
    CHECK(boxes[3][1][0].item<double>() == doctest::Approx(5 * scale));
    CHECK(boxes[3][1][3].item<double>() == doctest::Approx(16 * scale));
    CHECK(batches[0].batch.labels[3][1].item<std::int64_t>() == 1);
    // The first pixel of grey value g is (g/255 − mean) / deviation.
    const Plane image = packed.pack.image(0);
    CHECK(batches[0].placements[0].xx == doctest::Approx(32.0 / static_cast<double>(image.width)));
  }

  TEST_CASE("masks move with the image") {
    const Packed packed(2);
    LabelledRequest request = packed.request();
    request.augment = true;
    request.placement = {1, 1, 0, 0, 1.0};  // always mirrored, and nothing else
    for (const LabelledImages& images : epoch(request, 0)) {
      for (std::int64_t i = 0; i < images.index.size(0); ++i) {
        const at::Tensor plain = at::empty({32, 32}, at::kByte);
        const std::int64_t record = images.index[i].item<std::int64_t>();
        const at::Tensor bits = label_mask(packed.pack, record, 4);
        place_nearest({bits.data_ptr<std::uint8_t>(), bits.size(0), bits.size(1)},
                      images.placements[static_cast<std::size_t>(i)], 32, plain.data_ptr<std::uint8_t>());
        CHECK(images.batch.masks[i][4].gt(0).equal(plain.gt(0)));
        CHECK(images.placements[static_cast<std::size_t>(i)].xx < 0);
      }
    }
  }

  TEST_CASE("with augmentation: every record once, and nothing depends on workers or on where an epoch is entered") {
    const Packed packed(9);
    LabelledRequest request = packed.request();
    request.augment = true;
    request.placement = {0.8, 1.2, 0.1, 15, 0.5};
    request.brightness = request.contrast = 0.2;
    request.workers = 0;
    const auto alone = epoch(request, 3);
    request.workers = 3;
    const auto together = epoch(request, 3), from_second = epoch(request, 3, 1), other = epoch(request, 4);
    REQUIRE(alone.size() == 2);  // nine images make two whole batches
    REQUIRE(from_second.size() == 1);
    for (std::size_t b = 0; b < 2; ++b) {
      CHECK(alone[b].index.equal(together[b].index));
      CHECK(alone[b].batch.image.equal(together[b].batch.image));
      CHECK(alone[b].batch.masks.equal(together[b].batch.masks));
    }
    CHECK(from_second[0].batch.image.equal(alone[1].batch.image));
    CHECK_FALSE(other[0].batch.image.equal(alone[0].batch.image));
    const at::Tensor seen = at::cat({alone[0].index, alone[1].index});
    CHECK(std::get<0>(at::_unique(seen)).numel() == 8);
  }

  TEST_CASE("only the records that are asked for") {
    const Packed packed(6);
    LabelledRequest request = packed.request();
    request.records = {4, 1};
    const auto batches = epoch(request, 0);
    REQUIRE(batches.size() == 1);
    CHECK(batches[0].index.equal(at::tensor({4, 1}, at::kLong)));
    CHECK(batches[0].batch.boxes[0].size(0) == 4);
  }

  TEST_CASE("a subset is the records that it names") {
    const auto whole = std::make_shared<LabelledDataset>(5);
    const Subset subset(whole, {3, 0});
    CHECK(subset.size() == 2);
    CHECK(subset.id(0).name == "ramp-3");
    CHECK(subset.record(1).id.frame == 0);
    CHECK(subset.labels().size() == 10);
    CHECK(subset.has_boxes());
    CHECK_THROWS_AS(subset.record(2), std::out_of_range);
  }
}
