#include "bench.hpp"

#include "train/clock.hpp"
#include "train/reporter.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::bench {

const std::vector<Entry>& benches() {
  static const std::vector<Entry> all = {
      {"step", "a pre-training step, its parts, its memory and what it spends outside kernels", step},
      {"loader", "images from a pack, cropped, resized, flipped and normalised", loader},
      {"masks", "drawing the masks of a batch", masks},
      {"vesselness", "filters, percentile and components of one frame", vesselness},
      {"inference", "a segmentation head on its encoder, one image and many at a time", inference},
      {"metrics", "clDice of a pair of masks, COCO's figures of many images", metrics_of_a_test_set},
      {"start", "how long the programs take to answer", start},
  };
  return all;
}

std::vector<double> seconds_each(const Request& request, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i <= request.repeat; ++i) {
    if (request.stop_requested()) throw train::Interrupted("stopped; nothing is printed");
    const train::Clock clock;
    work();
    if (i > 0) seconds.push_back(clock.seconds());
  }
  return seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string to_json(const std::string& machine, const std::string& settings, const std::vector<Figure>& figures) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Figure& figure : figures) {
    const double middle = median(figure.values);
    nlohmann::ordered_json row = {{"what", figure.what},        {"unit", figure.unit}, {"values", figure.values},
                                  {"median", middle},           {"floor", nullptr},    {"share", nullptr},
                                  {"floor_is", figure.floor_is}};
    if (figure.floor > 0) {
      row["floor"] = figure.floor;
      row["share"] = figure.more_is_better ? middle / figure.floor : figure.floor / middle;
    }
    list.push_back(std::move(row));
  }
  return nlohmann::ordered_json{{"machine", machine}, {"settings", settings}, {"figures", std::move(list)}}.dump();
}

}  // namespace vaso::bench
