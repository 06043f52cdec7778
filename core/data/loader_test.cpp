#include "data/loader.hpp"

#include "data/batch_queue.hpp"
#include "data/crop.hpp"

#include "support/memory_dataset.hpp"
#include "support/paths.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>
#include <atomic>
#include <cmath>
#include <map>
#include <set>

using namespace vaso;
using namespace vaso::data;

namespace {

struct PackedFrames {
  tests::TemporaryFolder folder;
  Pack pack;
  explicit PackedFrames(std::int64_t count) : pack(make(folder, count)) {}
  static Pack make(const tests::TemporaryFolder& folder, std::int64_t count) {
    const tests::MemoryDataset dataset(count);
    PackRequest request;
    request.dataset = &dataset;
    write_pack(folder.path() / "a.pack", request);
    return Pack(folder.path() / "a.pack");
  }
};

LoaderRequest request_for(const Pack& pack) {
  LoaderRequest request;
  request.pack = &pack;
  request.views = {ViewSpec{}};
  request.views[0].size = 32;
  request.maps = {"filter"};
  request.mean = {0.485, 0.456, 0.406};
  request.deviation = {0.229, 0.224, 0.225};
  request.batch_size = 4;
  request.seed = 11;
  return request;
}

std::vector<Bag> epoch(Loader& loader, std::int64_t number, std::int64_t first = 0) {
  std::vector<Bag> batches;
  loader.begin(number, first);
  for (Bag bag; loader.next(bag);) batches.push_back(bag);
  return batches;
}

bool equal(const std::vector<Bag>& a, const std::vector<Bag>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return false;
    for (const auto& [name, tensor] : a[i]) {
      if (!tensor.equal(b[i].at(name))) return false;
    }
  }
  return true;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("an epoch shows every sample at most once, in an order of its own") {
    const PackedFrames data(18);
    Loader loader(request_for(data.pack));
    CHECK(loader.batches() == 4);
    CHECK(loader.images() == 16);
    std::vector<std::vector<std::int64_t>> orders;
    for (std::int64_t number = 0; number < 3; ++number) {
      std::vector<std::int64_t> order;
      for (const Bag& bag : epoch(loader, number)) {
        REQUIRE(bag.at("image").sizes() == at::IntArrayRef({4, 3, 32, 32}));
        REQUIRE(bag.at("filter").sizes() == at::IntArrayRef({4, 1, 32, 32}));
        REQUIRE(bag.at("crop").sizes() == at::IntArrayRef({4, 5}));
        for (int i = 0; i < 4; ++i) order.push_back(bag.at("index")[i].item<std::int64_t>());
      }
      CHECK(std::set<std::int64_t>(order.begin(), order.end()).size() == 16);
      orders.push_back(order);
    }
    CHECK(orders[0] != orders[1]);
    CHECK(orders[1] != orders[2]);
  }

  TEST_CASE("results do not depend on the number of workers") {
    const PackedFrames data(30);
    LoaderRequest request = request_for(data.pack);
    request.workers = 0;
    Loader alone(request);
    const auto expected = epoch(alone, 5);
    for (const int workers : {1, 2, 7}) {
      request.workers = workers;
      Loader loader(request);
      CHECK(equal(epoch(loader, 5), expected));
    }
    request.seed = 12;
    Loader other(request);
    CHECK_FALSE(equal(epoch(other, 5), expected));
  }

  TEST_CASE("views made as on a GPU are the same to the bit") {
    const PackedFrames data(11);
    for (const bool augment : {true, false}) {
      for (const int workers : {0, 3}) {
        LoaderRequest request = request_for(data.pack);
        request.augment = augment;
        request.workers = workers;
        request.views.push_back(ViewSpec{"local", 17, 0.05, 0.3});
        Loader here(request);
        request.kernel_twins = true;
        Loader there(request);
        for (const std::int64_t number : {0, 1}) {
          const auto expected = epoch(here, number);
          REQUIRE(expected.size() > 1);
          REQUIRE(expected[0].contains("local/filter"));
          CHECK(equal(epoch(there, number), expected));
        }
      }
    }
  }

  TEST_CASE("an epoch entered in the middle goes on as it would have") {
    const PackedFrames data(30);
    LoaderRequest request = request_for(data.pack);
    request.workers = 2;
    Loader loader(request);
    const auto whole = epoch(loader, 3);
    Loader resumed(request);
    const auto rest = epoch(resumed, 3, 4);
    CHECK(equal(rest, {whole.begin() + 4, whole.end()}));
    CHECK(epoch(resumed, 3, resumed.batches()).empty());
  }

  TEST_CASE("an epoch left early does not disturb the next") {
    const PackedFrames data(40);
    LoaderRequest request = request_for(data.pack);
    request.workers = 3;
    Loader loader(request);
    const auto expected = epoch(loader, 1);
    for (int i = 0; i < 20; ++i) {
      loader.begin(i);
      Bag bag;
      CHECK(loader.next(bag));
    }
    CHECK(equal(epoch(loader, 1), expected));
  }

  TEST_CASE("without augmentation: data set order, whole images, all of them") {
    const PackedFrames data(6);
    LoaderRequest request = request_for(data.pack);
    request.augment = false;
    Loader loader(request);
    CHECK(loader.batches() == 2);
    CHECK(loader.images() == 6);
    const auto batches = epoch(loader, 9);
    REQUIRE(batches.size() == 2);
    CHECK(batches[0].at("index").equal(at::tensor(std::vector<std::int64_t>{0, 1, 2, 3})));
    CHECK(batches[1].at("index").equal(at::tensor(std::vector<std::int64_t>{4, 5})));
    CHECK(batches[1].at("image").size(0) == 2);
    CHECK(batches[0].at("crop")[0].equal(at::tensor({0.0f, 0.0f, 1.0f, 1.0f, 0.0f})));
    const at::Tensor filter = batches[0].at("filter")[0][0];  // the left half is marked
    CHECK(filter.slice(1, 0, 16).eq(1).all().item<bool>());
    CHECK(filter.slice(1, 16, 32).eq(0).all().item<bool>());
  }

  TEST_CASE("fewer images than a batch make one smaller batch") {
    const PackedFrames data(3);
    Loader loader(request_for(data.pack));
    CHECK(loader.batches() == 1);
    CHECK(loader.images() == 3);
    CHECK(epoch(loader, 0).at(0).at("image").size(0) == 3);
  }

  TEST_CASE("drop_last = false keeps the last, smaller batch") {
    const PackedFrames data(6);
    LoaderRequest request = request_for(data.pack);
    request.drop_last = false;
    Loader loader(request);
    CHECK(epoch(loader, 0).at(1).at("image").size(0) == 2);
  }

  TEST_CASE("channels are normalised, and image and map are cropped and flipped together") {
    const PackedFrames data(24);
    LoaderRequest request = request_for(data.pack);
    request.maps = {"filter"};
    Loader loader(request);
    int flipped = 0, seen = 0;
    for (const Bag& bag : epoch(loader, 0)) {
      const at::Tensor image = bag.at("image");
      const at::Tensor grey = image.select(1, 0) * 0.229 + 0.485;
      CHECK(at::allclose(image.select(1, 2) * 0.225 + 0.406, grey, 0, 1e-5));
      CHECK(grey.min().item<float>() > -1e-5f);
      CHECK(grey.max().item<float>() < 1 + 1e-5f);
      for (int i = 0; i < image.size(0); ++i) {
        const at::Tensor crop = bag.at("crop")[i];
        const bool flip = crop[4].item<float>() == 1;
        flipped += flip;
        ++seen;
        // The map marks the left half of the frame: its edge tells where the crop lies.
        const double left = crop[1].item<float>(), width = crop[3].item<float>();
        const double marked = std::clamp((0.5 - left) / width, 0.0, 1.0);
        const at::Tensor map = bag.at("filter")[i][0];
        CHECK(map.mean().item<float>() == doctest::Approx(marked).epsilon(0.06));
        if (marked > 0.1 && marked < 0.9) CHECK(map[0][flip ? 31 : 0].item<float>() == 1);
      }
    }
    CHECK(flipped > 0);
    CHECK(flipped < seen);
  }

  TEST_CASE("a second view has its own crops and a prefix") {
    const PackedFrames data(8);
    LoaderRequest request = request_for(data.pack);
    request.views.push_back(request.views[0]);
    request.views[1].name = "local";
    request.views[1].size = 16;
    Loader loader(request);
    const Bag bag = epoch(loader, 0).at(0);
    CHECK(bag.at("local/image").sizes() == at::IntArrayRef({4, 3, 16, 16}));
    CHECK(bag.at("local/filter").sizes() == at::IntArrayRef({4, 1, 16, 16}));
    CHECK_FALSE(bag.at("local/crop").equal(bag.at("crop")));
  }

  TEST_CASE("requests that cannot be met") {
    const PackedFrames data(3);
    LoaderRequest request = request_for(data.pack);
    request.maps = {"vessel"};
    CHECK_THROWS_AS(Loader{request}, std::out_of_range);
    request = request_for(data.pack);
    request.views[0].size = 0;
    CHECK_THROWS_AS(Loader{request}, std::invalid_argument);
  }

  TEST_CASE("crops follow torchvision's rule") {
    const ViewSpec view;  // area 0.2 to 1, aspect 3/4 to 4/3
    Philox random(random_key(1, "test"));
    double area = 0;
    int whole = 0;
    const int n = 4000;
    for (int i = 0; i < n; ++i) {
      const Crop crop = draw_crop(random, view, 300, 400);
      REQUIRE(crop.top >= 0);
      REQUIRE(crop.left >= 0);
      REQUIRE(crop.top + crop.height <= 300);
      REQUIRE(crop.left + crop.width <= 400);
      const double aspect = static_cast<double>(crop.width) / static_cast<double>(crop.height);
      REQUIRE(aspect > 0.74);
      REQUIRE(aspect < 1.345);
      area += static_cast<double>(crop.height * crop.width) / 120000.0 / n;
      whole += crop.height == 300 && crop.width == 400;
    }
    CHECK(area == doctest::Approx(0.49598).epsilon(0.02));  // of 100,000 draws of torchvision's own lines
    CHECK(whole < 40);
  }

  TEST_CASE("an image too long for any crop is cropped at its centre") {
    ViewSpec view;
    view.least_area = 0.9;
    Philox random(random_key(1, "test"));
    const Crop wide = draw_crop(random, view, 30, 300);
    CHECK(wide.height == 30);
    CHECK(wide.width == 40);
    CHECK(wide.left == 130);
    const Crop tall = draw_crop(random, view, 300, 30);
    CHECK(tall.height == 40);
    CHECK(tall.top == 130);
  }

  TEST_CASE("what a worker throws reaches next(), in its turn") {
    for (const int workers : {0, 1, 3}) {
      CAPTURE(workers);
      BatchQueue queue(workers, {[](std::int64_t) { return 5; },
                                 [](std::int64_t batch) {
                                   return Bag{{"n", at::full({1}, batch)}};
                                 },
                                 [](const Bag&, std::int64_t batch, std::int64_t position) {
                                   if (batch == 1 && position == 3) throw std::runtime_error("image 8 is broken");
                                 }});
      queue.begin(0, 4);
      Bag bag;
      CHECK(queue.next(bag));
      CHECK_THROWS_WITH(queue.next(bag), "image 8 is broken");
    }
  }

  TEST_CASE("no more than three batches are in memory") {
    std::atomic<int> opened = 0;
    BatchQueue queue(4, {[](std::int64_t) { return 2; },
                         [&](std::int64_t) {
                           ++opened;
                           return Bag{};
                         },
                         [](const Bag&, std::int64_t, std::int64_t) {}});
    queue.begin(0, 100);
    Bag bag;
    for (int taken = 1; taken <= 100; ++taken) {
      REQUIRE(queue.next(bag));
      CHECK(opened <= taken + 3);
    }
    CHECK_FALSE(queue.next(bag));
  }
}
