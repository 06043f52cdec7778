#include "data/mask_values.hpp"

#include "vision/image_io.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vaso::data {
namespace fs = std::filesystem;

vision::GreyImage read_mask(const fs::path& mask_file, const fs::path& image_file, const vision::GreyImage& image) {
  vision::GreyImage mask = vision::read_grey(mask_file);
  if (mask.height != image.height || mask.width != image.width) {
    throw DataError({mask_file,
                     fmt::format("is {}×{}, its image {} is {}×{}", mask.width, mask.height, image_file.string(),
                                 image.width, image.height),
                     "make the mask again from this image"});
  }
  return mask;
}

std::vector<MaskValue> binary_values(const vision::GreyImage& mask) {
  const std::uint8_t largest = *std::max_element(mask.pixels.begin(), mask.pixels.end());
  return {{0, 0}, {static_cast<std::uint8_t>(largest == 1 ? 1 : 255), 1}};
}

at::Tensor labels_of(const vision::GreyImage& mask, const std::vector<MaskValue>& values, const fs::path& mask_file,
                     const std::string& cure) {
  constexpr std::int32_t kUnknown = -1;
  std::array<std::int32_t, 256> bits;
  bits.fill(kUnknown);
  for (const MaskValue& value : values) bits[value.grey] = value.bits;

  at::Tensor labels = at::empty({mask.height, mask.width}, at::kInt);
  auto* out = labels.data_ptr<std::int32_t>();
  for (const std::uint8_t grey : mask.pixels) {
    if (bits[grey] == kUnknown) {
      throw DataError({mask_file,
                       fmt::format("holds the value {} ({} px), which is no label", grey,
                                   std::count(mask.pixels.begin(), mask.pixels.end(), grey)),
                       cure});
    }
    *out++ = bits[grey];
  }
  return labels;
}

}  // namespace vaso::data
