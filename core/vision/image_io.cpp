#include "vision/image_io.hpp"

#include "vision/pgm.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

namespace vaso::vision {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kLargestFile = std::uintmax_t{2} << 30;  // bytes

std::vector<std::uint8_t> read_bytes(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status))
    throw DataError({file, "the file does not exist", "check the path, or a link that leads nowhere"});
  if (!fs::is_regular_file(status)) throw DataError({file, "is no regular file", "rename or remove it"});
  const std::uintmax_t size = fs::file_size(file, error);
  if (!error && size > kLargestFile) throw DataError({file, "is larger than 2 GiB", "remove it: it is no angiogram"});
  std::FILE* stream = std::fopen(file.c_str(), "rb");
  if (stream == nullptr) {
    throw DataError({file, std::string("cannot be opened: ") + std::strerror(errno), "check who may read it (ls -l)"});
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), stream);
  const int failure = std::ferror(stream) != 0 ? errno : 0;
  std::fclose(stream);
  if (failure != 0) {
    throw DataError(
        {file, std::string("cannot be read: ") + std::strerror(failure), "check the disk and the permissions"});
  }
  bytes.resize(got);
  if (bytes.empty()) throw DataError({file, "is empty (0 bytes)", "copy it again, or remove it"});
  return bytes;
}

void check_size(const fs::path& file, std::int64_t width, std::int64_t height) {
  const std::string size = std::to_string(width) + "×" + std::to_string(height) + " pixels";
  if (width < kSmallestSide || height < kSmallestSide) {
    throw DataError({file, "is " + size + ", smaller than " + std::to_string(kSmallestSide) + " on a side",
                     "remove it: it is no angiogram"});
  }
  if (width > kLargestSide || height > kLargestSide) {
    throw DataError({file, "is " + size + ", larger than " + std::to_string(kLargestSide) + " on a side",
                     "crop or shrink it, or check that it is an image"});
  }
}

std::uint8_t rescale(std::uint32_t sample, std::uint32_t white) {
  return static_cast<std::uint8_t>((sample * 255u + white / 2u) / white);
}

// The largest value of the smallest depth that detectors have and that holds all samples.
std::uint32_t white_of(std::uint16_t largest) {
  for (const std::uint32_t bits : {8u, 10u, 12u, 14u}) {
    if (largest < 1u << bits) return (1u << bits) - 1u;
  }
  return 65535u;
}

// Pillow's convert("L"): 19595, 38470, 7471 are 0.299, 0.587, 0.114 in 1/65536. Equal channels give themselves.
std::uint32_t luma(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return (red * 19595u + green * 38470u + blue * 7471u + 0x8000u) >> 16;
}

template <class T>
Plane2d<T> to_grey(const cv::Mat& decoded) {
  Plane2d<T> grey(decoded.rows, decoded.cols);
  const int channels = decoded.channels();
  for (int y = 0; y < decoded.rows; ++y) {
    const T* in = decoded.ptr<T>(y);
    T* out = grey.row(y);
    for (int x = 0; x < decoded.cols; ++x, in += channels) {
      out[x] = channels < 3 ? in[0] : static_cast<T>(luma(in[2], in[1], in[0]));  // OpenCV's order is blue, green, red
    }
  }
  return grey;
}

GreyImage to_eight_bits(const Plane2d<std::uint16_t>& deep, std::uint32_t white) {
  GreyImage grey(deep.height, deep.width);
  std::transform(deep.pixels.begin(), deep.pixels.end(), grey.pixels.begin(),
                 [white](std::uint16_t sample) { return rescale(std::min<std::uint32_t>(sample, white), white); });
  return grey;
}

ImageHeader check(ImageFormat format, Bytes bytes) {
  switch (format) {
    case ImageFormat::png:
      return check_png(bytes);
    case ImageFormat::jpeg:
      return check_jpeg(bytes);
    case ImageFormat::bmp:
      return check_bmp(bytes);
    default:
      return check_tiff(bytes);
  }
}

GreyImage decode(const fs::path& file, ImageFormat format, const std::vector<std::uint8_t>& bytes) {
  if (format == ImageFormat::pgm) {
    const PgmImage pgm = read_pgm(bytes, kLargestSide);
    check_size(file, pgm.samples.width, pgm.samples.height);
    return to_eight_bits(pgm.samples, static_cast<std::uint32_t>(pgm.largest));
  }
  const ImageHeader header = check(format, bytes);
  check_size(file, header.width, header.height);
  static const auto quiet = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  static_cast<void>(quiet);
  const cv::Mat decoded =
      cv::imdecode(format == ImageFormat::png ? critical_chunks(bytes) : bytes, cv::IMREAD_UNCHANGED);
  if (decoded.empty()) throw BrokenImage(to_text(format) + " is damaged: it cannot be decoded");
  if (decoded.depth() == CV_8U) return to_grey<std::uint8_t>(decoded);
  if (decoded.depth() != CV_16U)
    throw BrokenImage(to_text(format) + " has samples that are neither 8 nor 16 bit integers");
  const Plane2d<std::uint16_t> deep = to_grey<std::uint16_t>(decoded);
  const std::uint16_t largest = *std::max_element(deep.pixels.begin(), deep.pixels.end());
  return to_eight_bits(deep, header.full_range ? 65535u : white_of(largest));
}

void write_encoded(const fs::path& file, const cv::Mat& image) {
  std::vector<std::uint8_t> bytes;
  cv::imencode(".png", image, bytes);
  std::FILE* stream = std::fopen(file.c_str(), "wb");
  bool whole = stream != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), stream) == bytes.size();
  if (stream != nullptr) whole &= std::fclose(stream) == 0;
  if (!whole) {
    const std::string reason = std::strerror(errno);
    std::error_code ignored;
    if (stream != nullptr) fs::remove(file, ignored);
    throw DataError({file, "cannot be written: " + reason, "check that its folder exists and the disk has room"});
  }
}

}  // namespace

bool has_image_extension(const fs::path& file) {
  static constexpr std::array kExtensions{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm"};
  std::string extension = file.extension();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

GreyImage read_grey(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = read_bytes(file);
  const ImageFormat format = image_format(bytes);
  if (format == ImageFormat::unknown) {
    throw DataError(
        {file, "is no PNG, JPEG, BMP, TIFF or PGM (judged by its first bytes)", "convert it, or remove it"});
  }
  try {
    return decode(file, format, bytes);
  } catch (const BrokenImage& broken) {
    throw DataError({file, broken.what(), "copy it again from its source, or remove it"});
  } catch (const cv::Exception& error) {
    throw DataError(
        {file, to_text(format) + " cannot be decoded: " + error.err, "copy it again from its source, or remove it"});
  }
}

void write_png(const fs::path& file, const GreyImage& image) {
  const cv::Mat view(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC1,
                     const_cast<std::uint8_t*>(image.pixels.data()));
  write_encoded(file, view);
}

void write_png(const fs::path& file, const ColourImage& image) {
  cv::Mat swapped(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const Colour& pixel = image.pixels[i];
    swapped.data[3 * i] = pixel.blue;
    swapped.data[3 * i + 1] = pixel.green;
    swapped.data[3 * i + 2] = pixel.red;
  }
  write_encoded(file, swapped);
}

}  // namespace vaso::vision
