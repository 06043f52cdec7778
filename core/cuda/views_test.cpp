#include "cuda/views.hpp"

#include "vision/resample.hpp"

#include "cuda/test_support.hpp"

#include <random>

using namespace vaso;
using namespace vaso::cuda;

namespace {

// Windows of many shapes, one after another in memory, as a loader sends them.
struct Shipment {
  std::vector<std::uint8_t> bytes;
  std::vector<Window> windows;
  std::vector<float> table;
  std::int64_t size = 24;

  explicit Shipment(std::int64_t channels) : table(static_cast<std::size_t>(256 * channels)) {
    std::mt19937 random(7);
    const std::vector<std::pair<int, int>> shapes = {{24, 24}, {24, 60}, {61, 23},  {7, 9},    {1, 1},
                                                     {1, 40},  {90, 1},  {200, 31}, {33, 170}, {25, 23}};
    for (const auto& [height, width] : shapes) {
      const Window window{static_cast<std::int64_t>(bytes.size()), height, width,
                          static_cast<std::int32_t>(windows.size() % 2)};
      windows.push_back(window);
      for (int i = 0; i < height * width; ++i) bytes.push_back(static_cast<std::uint8_t>(random()));
    }
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = 0.37f * static_cast<float>(i) - 20.0f;
  }

  std::int64_t channels() const { return static_cast<std::int64_t>(table.size()) / 256; }
  std::size_t values() const { return windows.size() * static_cast<std::size_t>(channels() * size * size); }

  Views views() const {
    Views views;
    views.bytes = bytes.data();
    views.windows = windows.data();
    views.count = static_cast<std::int64_t>(windows.size());
    views.tallest = 200;
    views.widest = 170;
    views.size = size;
    views.channels = channels();
    views.table = table.data();
    return views;
  }

  std::vector<float> twin(Resize how) const {
    std::vector<float> out(values());
    Views all = views();
    all.out = out.data();
    std::vector<std::int32_t> scratch(static_cast<std::size_t>(scratch_bytes(all, how)) / 4 + 1);
    make_views_on_cpu(all, how, scratch.data());
    return out;
  }

  // By the functions of core/vision.
  std::vector<float> expected(Resize how) const {
    std::vector<float> out;
    for (const Window& window : windows) {
      std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size * size));
      const vision::Window cut{bytes.data() + window.offset, window.width, window.height, window.width};
      how == Resize::bicubic ? vision::resize_bicubic(cut, size, size, pixels.data())
                             : vision::resize_nearest(cut, size, size, pixels.data());
      for (std::int64_t c = 0; c < channels(); ++c) {
        for (std::int64_t y = 0; y < size; ++y) {
          for (std::int64_t x = 0; x < size; ++x) {
            const std::int64_t from = window.flip != 0 ? size - 1 - x : x;
            out.push_back(table[static_cast<std::size_t>(c * 256 + pixels[static_cast<std::size_t>(y * size + from)])]);
          }
        }
      }
    }
    return out;
  }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("views are, to the bit, what the functions of core/vision make") {
    for (const std::int64_t channels : {1, 3}) {
      const Shipment shipment(channels);
      for (const Resize how : {Resize::bicubic, Resize::nearest}) {
        CAPTURE(channels);
        CHECK(shipment.twin(how) == shipment.expected(how));
      }
    }
  }

  TEST_CASE("views larger than their windows, and of one pixel") {
    for (const std::int64_t size : {1, 97}) {
      Shipment shipment(1);
      shipment.size = size;
      for (const Resize how : {Resize::bicubic, Resize::nearest}) CHECK(shipment.twin(how) == shipment.expected(how));
    }
  }

  TEST_CASE("no window is no work, with or without a GPU") {
    Views none;
    none.size = 8;
    if (available() || trouble().find("CUDA error") != std::string::npos)
      CHECK_NOTHROW(make_views(none, Resize::bicubic, nullptr, default_stream));
    CHECK_NOTHROW(make_views_on_cpu(none, Resize::bicubic, nullptr));
    CHECK(scratch_bytes(none, Resize::nearest) == 0);
  }

  TEST_CASE("the kernels equal their twin") {
    if (no_gpu()) return;
    const Shipment shipment(3);
    for (const Resize how : {Resize::bicubic, Resize::nearest}) {
      Views views = shipment.views();
      const DeviceMemory bytes = on_gpu(shipment.bytes), windows = on_gpu(shipment.windows),
                         table = on_gpu(shipment.table);
      const DeviceMemory out(shipment.values() * sizeof(float));
      const DeviceMemory scratch(static_cast<std::size_t>(scratch_bytes(views, how)));
      views.bytes = bytes.as<std::uint8_t>();
      views.windows = windows.as<Window>();
      views.table = table.as<float>();
      views.out = out.as<float>();
      make_views(views, how, scratch.as<void>(), default_stream);
      CHECK(on_cpu<float>(out, shipment.values()) == shipment.twin(how));
    }
  }
}
