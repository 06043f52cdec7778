#include "dicom_file.hpp"

#include "container.hpp"
#include "interest.hpp"

#include "data/projection.hpp"
#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>
#include <gdcmImageReader.h>
#include <gdcmReader.h>
#include <gdcmTrace.h>

#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>

namespace vaso::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostFrames = 100'000;  // over an hour at 25 a second
constexpr const char* kAgain = "copy it again from its source, or remove it";

// GDCM is not safe to use from several threads, even with a reader each (SimpleITK issues 805 and 1466).
std::unique_lock<std::mutex> gdcm_lock() {
  static std::mutex mutex;
  std::unique_lock lock(mutex);
  gdcm::Trace::DebugOff();  // it comments on standard error
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  return lock;
}

// True where it holds pixels.
bool check_whole(const fs::path& file) {
  if (!std::ifstream(file)) throw DataError({file, "cannot be opened", "check the path and who may read it"});
  try {
    return check_container(file);
  } catch (const BrokenContainer& broken) {
    throw DataError({file, broken.what(), kAgain});
  }
}

PixelCoding coding_of(const gdcm::Image& image, const fs::path& file) {
  const gdcm::PixelFormat& format = image.GetPixelFormat();
  const gdcm::PhotometricInterpretation& photometric = image.GetPhotometricInterpretation();
  const bool inverted = photometric == gdcm::PhotometricInterpretation::MONOCHROME1;
  if ((!inverted && photometric != gdcm::PhotometricInterpretation::MONOCHROME2) || format.GetSamplesPerPixel() != 1) {
    throw DataError({file, fmt::format("is {}, not grey", photometric.GetString()),
                     "MONOCHROME1 and MONOCHROME2 are read: convert it, or remove it"});
  }
  const int allocated = format.GetBitsAllocated(), stored = format.GetBitsStored();
  if ((allocated != 8 && allocated != 16) || stored < 1 || stored > allocated) {
    throw DataError({file, fmt::format("has {} bits a sample, {} of them used", allocated, stored),
                     "samples of 8 and 16 bits are read: convert it, or remove it"});
  }
  return {allocated, stored, format.GetPixelRepresentation() == 1, image.GetSlope(), image.GetIntercept(), inverted};
}

void check_size(const fs::path& file, std::int64_t width, std::int64_t height) {
  if (width < vision::kSmallestSide || height < vision::kSmallestSide || width > vision::kLargestSide ||
      height > vision::kLargestSide)
    throw DataError({file, fmt::format("is {}×{} pixels", width, height), "remove it: it is no angiogram"});
}

vision::GreyImage to_grey(const char* words, std::int64_t height, std::int64_t width,
                          const std::vector<std::uint8_t>& table) {
  vision::GreyImage grey(height, width);
  const bool wide = table.size() > 256;
  for (std::uint8_t& pixel : grey.pixels) {
    std::uint16_t word = static_cast<std::uint8_t>(*words);
    if (wide) std::memcpy(&word, words, sizeof word);  // GDCM gives the byte order of the machine
    pixel = table[word];
    words += wide ? 2 : 1;
  }
  return grey;
}

}  // namespace

FileHeader read_header(const fs::path& file) {
  const bool has_pixels = check_whole(file);
  const auto lock = gdcm_lock();
  gdcm::Reader reader;
  reader.SetFileName(file.c_str());
  if (!reader.ReadUpToTag(gdcm::Tag(0x7fe0, 0x0010)))
    throw DataError({file, "is damaged: its header cannot be read", kAgain});
  const gdcm::DataSet& data = reader.GetFile().GetDataSet();
  FileHeader header;
  header.patient_id = text(data, 0x0010, 0x0020);
  header.study = text(data, 0x0020, 0x000d);
  header.series = text(data, 0x0020, 0x000e);
  header.instance = text(data, 0x0008, 0x0018);
  header.class_uid = text(reader.GetFile().GetHeader(), 0x0002, 0x0002);
  header.modality = text(data, 0x0008, 0x0060);
  header.photometric = text(data, 0x0028, 0x0004);
  header.series_number = text(data, 0x0020, 0x0011);
  header.instance_number = text(data, 0x0020, 0x0013);
  const std::optional<gdcm::DataSet> positioner = frame_item(data, 0, 0x0018, 0x9405);
  const gdcm::DataSet& stated = positioner ? *positioner : data;
  const std::optional<double> primary = number(stated, 0x0018, 0x1510), secondary = number(stated, 0x0018, 0x1511);
  if (primary && secondary) header.angles = data::projection_name(*primary, *secondary);
  header.frames = static_cast<std::int64_t>(number(data, 0x0028, 0x0008).value_or(1));
  if (header.frames < 0 || header.frames > kMostFrames)
    throw DataError({file, fmt::format("states {} frames", header.frames), kAgain});
  header.has_pixels = has_pixels;
  if (!has_pixels && data.FindDataElement(gdcm::Tag(0x0028, 0x0010)))
    throw DataError({file, "is truncated: it states rows and columns, but holds no pixels", kAgain});
  return header;
}

std::vector<vision::GreyImage> read_frames(const fs::path& file, GreyRule rule) {
  check_whole(file);
  const auto lock = gdcm_lock();
  gdcm::ImageReader reader;
  reader.SetFileName(file.c_str());
  if (!reader.Read()) {
    throw DataError({file, "is damaged, or in a transfer syntax that GDCM does not decode",
                     "copy it again; or convert it (gdcmconv --raw)"});
  }
  const gdcm::Image& image = reader.GetImage();
  const PixelCoding coding = coding_of(image, file);
  const std::int64_t width = image.GetDimension(0), height = image.GetDimension(1);
  const std::int64_t frames = image.GetNumberOfDimensions() > 2 ? image.GetDimension(2) : 1;
  check_size(file, width, height);
  std::vector<char> words(image.GetBufferLength());
  const bool enough = static_cast<std::int64_t>(words.size()) >= frames * height * width * (coding.bits_allocated / 8);
  if (!enough || !image.GetBuffer(words.data()))
    throw DataError({file, "is damaged: its frames cannot be decoded", kAgain});
  std::vector<vision::GreyImage> grey;
  Interest known;
  std::vector<std::uint8_t> table = grey_table(coding, known);
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    if (rule == GreyRule::window) {
      Interest interest =
          interest_of(reader.GetFile().GetDataSet(), static_cast<std::size_t>(frame), coding.is_signed, file);
      if (interest != known) table = grey_table(coding, known = std::move(interest));
    }
    grey.push_back(to_grey(words.data() + frame * height * width * (coding.bits_allocated / 8), height, width, table));
  }
  return grey;
}

}  // namespace vaso::dicom
