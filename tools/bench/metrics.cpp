// Metrics of a test set: clDice of a pair of vessel masks, and COCO's twelve figures over many images.
#include "bench.hpp"

#include "data/philox.hpp"
#include "metrics/average_precision.hpp"
#include "metrics/bit_mask.hpp"
#include "metrics/cl_dice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vaso::bench {
namespace {

// A tree of winding bands, thick at the root; another `shift` moves it by so many pixels.
vision::GreyImage vessels(std::int64_t side, std::int64_t shift) {
  vision::GreyImage mask(side, side);
  Philox random(random_key(1, "bench vessels"));
  for (int branch = 0; branch < 10; ++branch) {
    auto x = static_cast<double>(side) * random.uniform(0.1, 0.9), y = 0.0;
    double direction = std::numbers::pi / 2, radius = static_cast<double>(side) * random.uniform(3, 7) / 512;
    while (y >= 0 && y < static_cast<double>(side) && x >= 0 && x < static_cast<double>(side)) {
      const auto reach = static_cast<std::int64_t>(std::ceil(radius));
      for (std::int64_t dy = -reach; dy <= reach; ++dy) {
        for (std::int64_t dx = -reach; dx <= reach; ++dx) {
          const std::int64_t row = static_cast<std::int64_t>(y) + dy,
                             column = static_cast<std::int64_t>(x) + dx + shift;
          if (static_cast<double>(dx * dx + dy * dy) > radius * radius) continue;
          if (row >= 0 && row < side && column >= 0 && column < side) mask.at(row, column) = 255;
        }
      }
      direction += random.uniform(-0.2, 0.2);
      radius = std::max(1.0, radius * 0.998);
      x += std::cos(direction);
      y += std::sin(direction);
    }
  }
  return mask;
}

struct Boxes {
  std::vector<metrics::TruthBox> truths;
  std::vector<metrics::FoundBox> founds;
};

// Every fifth found box lies close to a true one, as a detector's do; the others lie anywhere.
Boxes boxes(std::int64_t images, std::int64_t truths, std::int64_t founds, std::int64_t labels) {
  Boxes all;
  Philox random(random_key(1, "bench boxes"));
  for (std::int64_t image = 0; image < images; ++image) {
    const std::size_t first = all.truths.size();
    for (std::int64_t i = 0; i < truths; ++i) {
      metrics::TruthBox box;
      box.image = image;
      box.label = static_cast<std::int64_t>(random.uniform(0, static_cast<double>(labels)));
      box.left = random.uniform(0, 400);
      box.top = random.uniform(0, 400);
      box.width = random.uniform(10, 110);
      box.height = random.uniform(10, 110);
      box.area = box.width * box.height;
      all.truths.push_back(box);
    }
    for (std::int64_t i = 0; i < founds; ++i) {
      const auto near = first + static_cast<std::size_t>(random.uniform(0, static_cast<double>(truths)));
      const metrics::TruthBox& truth = all.truths[near];
      const double reach = i % 5 == 0 ? 5 : 200;
      metrics::FoundBox box;
      box.image = image;
      box.label = truth.label;
      box.left = truth.left + random.uniform(-reach, reach);
      box.top = truth.top + random.uniform(-reach, reach);
      box.width = truth.width * random.uniform(0.8, 1.2);
      box.height = truth.height * random.uniform(0.8, 1.2);
      box.score = random.uniform(0, 1);
      all.founds.push_back(box);
    }
  }
  return all;
}

class MetricsBench final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(side_, "side", "of the masks").range(16, 4096).unit("px");
    s.field(pairs_, "pairs", "of masks in a repetition").range(1, 100000);
    s.field(images_, "images", "with boxes").range(1, 1000000);
    s.field(truths_, "truths", "true boxes an image").range(1, 1000);
    s.field(founds_, "founds", "found boxes an image").range(0, 1000);
    s.field(labels_, "labels", "kinds of boxes").range(1, 1000);
  }

  std::vector<Figure> measure(const Request& request) override {
    request.stage(fmt::format("clDice of {0}×{0} masks", side_));
    const vision::GreyImage truth = vessels(side_, 0), prediction = vessels(side_, side_ / 256);
    const auto each = [&](const std::function<void()>& work) {
      std::vector<double> values = seconds_each(request, [&] {
        for (std::int64_t i = 0; i < pairs_; ++i) work();
      });
      for (double& value : values) value *= 1e3 / static_cast<double>(pairs_);
      return values;
    };
    std::int64_t sum = 0;  // keeps the compiler from leaving the work out
    const std::vector<double> read =
        each([&] { sum += pixels_inside(metrics::BitMask(truth), metrics::BitMask(prediction)); });
    const std::vector<double> pair = each([&] { sum += metrics::skeleton_overlap(truth, prediction).truth; });
    if (sum == 0) throw std::logic_error("the masks are empty");

    request.stage(fmt::format("average precision of {} images", images_));
    const Boxes all = boxes(images_, truths_, founds_, labels_);
    const std::vector<double> precision =
        seconds_each(request, [&] { metrics::average_precision(all.truths, all.founds, labels_); });
    std::vector<double> scores;
    const std::vector<double> sorted = seconds_each(request, [&] {
      scores.clear();
      for (const metrics::FoundBox& box : all.founds) scores.push_back(box.score);
      std::sort(scores.begin(), scores.end());
    });
    return {
        {fmt::format("clDice of two {0}×{0} masks", side_), "ms", pair, false, least(read), "counting their pixels"},
        {fmt::format("COCO's figures, {} images, {} boxes", images_, all.founds.size()), "s", precision, false,
         least(sorted), "sorting the scores"}};
  }

 private:
  static double least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

  std::int64_t side_ = 512, pairs_ = 50, images_ = 10000, truths_ = 3, founds_ = 20, labels_ = 1;
};

}  // namespace

std::unique_ptr<Bench> metrics_of_a_test_set() { return std::make_unique<MetricsBench>(); }

}  // namespace vaso::bench
