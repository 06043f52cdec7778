#include "vision/pgm.hpp"

#include <cctype>
#include <string>

namespace vaso::vision {
namespace {

class Tokens {
 public:
  explicit Tokens(Bytes file) : file_(file) {}

  // The next decimal number; spaces and comments (# to the end of the line) before it are skipped.
  std::int64_t number() {
    while (at_ < file_.size() && (std::isspace(file_[at_]) != 0 || file_[at_] == '#')) {
      if (file_[at_] == '#') {
        while (at_ < file_.size() && file_[at_] != '\n') ++at_;
      } else {
        ++at_;
      }
    }
    if (at_ >= file_.size()) throw BrokenImage("PGM is truncated: it ends before its last number");
    if (std::isdigit(file_[at_]) == 0) throw BrokenImage("PGM is damaged: no number at byte " + std::to_string(at_));
    std::int64_t value = 0;
    while (at_ < file_.size() && std::isdigit(file_[at_]) != 0) {
      value = value * 10 + (file_[at_++] - '0');
      if (value > 1'000'000'000) throw BrokenImage("PGM is damaged: a number is too large");
    }
    return value;
  }
  std::size_t position() const { return at_; }

 private:
  Bytes file_;
  std::size_t at_ = 2;  // behind the magic
};

}  // namespace

PgmImage read_pgm(Bytes file, std::int64_t most) {
  const bool raw = file[1] == '5';
  Tokens tokens(file);
  const std::int64_t width = tokens.number();
  const std::int64_t height = tokens.number();
  const std::int64_t largest = tokens.number();
  if (width == 0 || height == 0 || largest == 0 || largest > 65535) throw BrokenImage("PGM has a senseless header");
  if (width > most || height > most) {
    throw BrokenImage("is " + std::to_string(width) + "×" + std::to_string(height) + " pixels, too large");
  }
  // One white space ends the header; a sample above 255 takes two bytes, the high one first.
  const std::size_t bytes = largest > 255 ? 2 : 1;
  const std::size_t start = tokens.position() + 1;
  const auto count = static_cast<std::size_t>(width * height);
  if (raw && start + count * bytes > file.size()) {
    throw BrokenImage("PGM is truncated: " + std::to_string(file.size()) + " of " +
                      std::to_string(start + count * bytes) + " bytes are there");
  }
  if (!raw && count > file.size()) throw BrokenImage("PGM is truncated: fewer numbers than pixels");
  PgmImage image{Plane2d<std::uint16_t>(height, width), static_cast<int>(largest)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t sample = !raw         ? tokens.number()
                                : bytes == 1 ? file[start + i]
                                             : file[start + 2 * i] << 8 | file[start + 2 * i + 1];
    if (sample > largest)
      throw BrokenImage("PGM is damaged: a sample exceeds the stated maximum " + std::to_string(largest));
    image.samples.pixels[i] = static_cast<std::uint16_t>(sample);
  }
  return image;
}

}  // namespace vaso::vision
