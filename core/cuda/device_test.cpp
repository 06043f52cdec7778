#include "cuda/device.hpp"

#include "cuda/draw.hpp"
#include "cuda/grid.hpp"
#include "cuda/vessel_filter.hpp"
#include "cuda/views.hpp"

#include "cuda/test_support.hpp"

#include <functional>

using namespace vaso;
using namespace vaso::cuda;

namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const CudaError& error) {
    return error.what();
  }
  return "";
}

// Which items a launch visits, and how often, by the loop of run_items.
std::vector<int> visits(const Extent& extent, const Grid& grid) {
  std::vector<int> count(static_cast<std::size_t>(extent.planes * extent.rows * extent.columns));
  const std::int64_t across = std::int64_t{grid.columns} * Grid::block_columns;
  const std::int64_t down = std::int64_t{grid.rows} * Grid::block_rows;
  for (std::int64_t z = 0; z < grid.planes; ++z) {
    for (std::int64_t y = 0; y < down; ++y) {
      for (std::int64_t x = 0; x < across; ++x) {
        for (std::int64_t plane = z; plane < extent.planes; plane += grid.planes) {
          for (std::int64_t row = y; row < extent.rows; row += down) {
            for (std::int64_t column = x; column < extent.columns; column += across)
              ++count[static_cast<std::size_t>((plane * extent.rows + row) * extent.columns + column)];
          }
        }
      }
    }
  }
  return count;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a grid covers its items, and never asks for more blocks than a device takes") {
    const Grid small = grid_for({1, 9, 33});
    CHECK(small.columns == 2);
    CHECK(small.rows == 2);
    CHECK(small.planes == 1);
    const Grid exact = grid_for({3, 8, 32});
    CHECK(exact.columns == 1);
    CHECK(exact.rows == 1);
    CHECK(exact.planes == 3);
    const Grid huge = grid_for({70000, 1'000'000, std::int64_t{1} << 40});
    CHECK(huge.columns == 65535);
    CHECK(huge.rows == 65535);
    CHECK(huge.planes == 65535);
  }

  TEST_CASE("every item is visited once, also where the grid is too small for them") {
    for (const Extent extent : {Extent{3, 9, 33}, Extent{1, 1, 1}, Extent{5, 20, 70}}) {
      for (const Grid grid : {grid_for(extent), Grid{1, 1, 1}, Grid{2, 1, 2}}) {
        for (const int count : visits(extent, grid)) REQUIRE(count == 1);
      }
    }
  }

  TEST_CASE("without a GPU every call says why and what to do, and none crashes") {
    if (available()) {
      MESSAGE("skipped: there is a GPU");
      return;
    }
    CHECK_FALSE(trouble().empty());
    const bool compiled = trouble().find("CUDA error") != std::string::npos;
    const std::string advice = compiled ? "use device \"cpu\"" : "-DVASO_CUDA=ON";
    CAPTURE(trouble());
    CHECK(trouble().find(advice) != std::string::npos);

    std::vector<double> weights(4, 1.0), keys(4);
    std::vector<std::int64_t> seed{1, 2};
    bool drawn[4] = {};
    Draw request;
    request.rows = 1;
    request.tokens = 4;
    request.equal_count = 2;
    request.weights = weights.data();
    request.seed = seed.data();
    request.keys = keys.data();
    request.drawn = drawn;
    Views views;
    views.count = views.tallest = views.widest = views.size = views.channels = 1;
    for (const std::string& message :
         {message_of([&] { draw(request, default_stream); }),
          message_of([&] { make_views(views, Resize::bicubic, nullptr, default_stream); }),
          message_of([&] { make_views(views, Resize::nearest, nullptr, default_stream); }),
          message_of([] { cuda::sato(vision::GreyImage(8, 8), {1.0}); }),
          message_of([] { cuda::frangi(vision::GreyImage(8, 8), {}); }), message_of([] { DeviceMemory memory(16); })}) {
      CAPTURE(message);
      CHECK(message.find(advice) != std::string::npos);
    }
    if (compiled) CHECK(message_of([&] { draw(request, default_stream); }).starts_with("drawing masks: "));
  }

  TEST_CASE("what is on the GPU comes back") {
    if (no_gpu()) return;
    std::vector<int> values(1000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(3 * i);
    CHECK(on_cpu<int>(on_gpu(values), values.size()) == values);
  }
}
