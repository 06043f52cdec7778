#include "vision/colour_mode.hpp"

#include "vision/image_check.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>

namespace vaso::vision {
namespace {

constexpr std::size_t kPngColourType = 25;  // byte of the file: signature, IHDR's length and type, sizes, depth

bool is_grey_by_header(ImageFormat format, Bytes file) {
  if (format == ImageFormat::pgm) return true;
  if (format != ImageFormat::png || file.size() <= kPngColourType) return false;
  const std::uint8_t type = file[kPngColourType];
  return type == 0 || type == 4;  // grey, grey with alpha
}

template <class T>
bool channels_equal(const cv::Mat& image) {
  const int channels = image.channels();
  for (int y = 0; y < image.rows; ++y) {
    const T* pixel = image.ptr<T>(y);
    for (int x = 0; x < image.cols; ++x, pixel += channels) {
      if (pixel[0] != pixel[1] || pixel[0] != pixel[2]) return false;
    }
  }
  return true;
}

}  // namespace

std::string to_text(ColourMode mode) {
  if (mode == ColourMode::grey) return "grey";
  return mode == ColourMode::equal_channels ? "three equal channels" : "colour";
}

ColourMode colour_mode(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
  const ImageFormat format = image_format(bytes);
  if (is_grey_by_header(format, bytes)) return ColourMode::grey;
  if (format == ImageFormat::png) bytes = critical_chunks(bytes);
  const cv::Mat image = bytes.empty() ? cv::Mat() : cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  if (image.empty()) throw DataError({file, "cannot be decoded", "copy it again from its source, or remove it"});
  if (image.channels() < 3) return ColourMode::grey;
  const bool equal = image.depth() == CV_16U ? channels_equal<std::uint16_t>(image)
                                             : image.depth() == CV_8U && channels_equal<std::uint8_t>(image);
  return equal ? ColourMode::equal_channels : ColourMode::colour;
}

}  // namespace vaso::vision
