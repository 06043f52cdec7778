#include "train/test_pictures.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::train {
namespace {

constexpr std::int64_t kLargestSide = 256;  // pixels of a panel: enough to see which branch was missed
constexpr int kQuality = 88;                // of JPEG: the outlines of masks stay clean, a strip takes some 30 KiB

std::string file_name(std::size_t number) { return fmt::format("{:06}.jpg", number); }

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream stream(file, std::ios::binary);
  stream << bytes;
  if (!stream.flush()) throw DataError({file, "cannot be written", "check that the disk has room"});
}

// Blue, green, red, as OpenCV has it; never enlarged.
cv::Mat fitted(const vision::ColourImage& panel) {
  cv::Mat image(static_cast<int>(panel.height), static_cast<int>(panel.width), CV_8UC3);
  for (std::size_t i = 0; i < panel.pixels.size(); ++i) {
    image.data[3 * i] = panel.pixels[i].blue;
    image.data[3 * i + 1] = panel.pixels[i].green;
    image.data[3 * i + 2] = panel.pixels[i].red;
  }
  const double scale = static_cast<double>(kLargestSide) / static_cast<double>(std::max(panel.height, panel.width));
  if (scale < 1) cv::resize(image, image, {}, scale, scale, cv::INTER_AREA);
  return image;
}

}  // namespace

void TestPictures::add(const std::string& image, const std::vector<vision::ColourImage>& panels) {
  fs::create_directories(folder_);
  std::vector<cv::Mat> row;
  for (const vision::ColourImage& panel : panels) row.push_back(fitted(panel));
  cv::Mat strip;
  cv::hconcat(row, strip);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", strip, bytes, {cv::IMWRITE_JPEG_QUALITY, kQuality});
  write(folder_ / file_name(pictures_.size()), {bytes.begin(), bytes.end()});
  pictures_.push_back({image, row.front().cols, row.front().rows});
}

fs::path TestPictures::finish() const {
  if (pictures_.empty()) return {};
  nlohmann::ordered_json index = {{"panels", {"image", "truth", "prediction"}}};
  for (std::size_t i = 0; i < pictures_.size(); ++i) {
    index["pictures"].push_back({{"image", pictures_[i].image},
                                 {"file", file_name(i)},
                                 {"width", pictures_[i].width},
                                 {"height", pictures_[i].height}});
  }
  const fs::path file = folder_ / "index.json";
  // A name need not be UTF-8: what is not is replaced, and that image is then found by none.
  write(file, index.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return file;
}

}  // namespace vaso::train
