// What an image file says about itself, and whether all of it is there.
//
// Decoders are lenient where training must not be: libjpeg fills the missing part of a truncated file with grey and
// says so on the terminal only. So the container is walked first, and the decoder sees whole files alone.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::vision {

using Bytes = std::span<const std::uint8_t>;

enum class ImageFormat { png, jpeg, bmp, tiff, pgm, unknown };
ImageFormat image_format(Bytes file);  // by content; names lie
std::string to_text(ImageFormat format);

// The file is of a known format but broken; what() says how, without the file's name.
class BrokenImage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ImageHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool full_range = false;  // 16-bit samples use their whole range; PNG's sBIT chunk says so (specification, 11.3.2.8)
};

// Each walks its container to the end. Throws BrokenImage.
ImageHeader check_png(Bytes file);
ImageHeader check_jpeg(Bytes file);
ImageHeader check_bmp(Bytes file);
ImageHeader check_tiff(Bytes file);

// The PNG without chunks that hold no pixels: libpng comments on faulty colour profiles and texts on standard error.
std::vector<std::uint8_t> critical_chunks(Bytes png);

}  // namespace vaso::vision
