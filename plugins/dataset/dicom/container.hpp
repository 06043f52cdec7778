// Walks a DICOM file's elements to the end of its pixels, so that the decoder sees whole files alone: GDCM, as Debian
// builds it, ends the process on some truncated ones.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace vaso::dicom {

// what() says how the file is broken, and at which byte.
class BrokenContainer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// True where the file begins as a DICOM file does: 128 bytes, then "DICM".
bool is_dicom(const std::filesystem::path& file);

// True where the file holds pixels. Reads tags and lengths, no values. Throws BrokenContainer: an element, item or the
// file's own header reaches beyond the file's end, or is none. Byte order and kind of elements follow the transfer
// syntax (PS3.5, 7.1 and 7.5; PS3.10, 7.1).
bool check_container(const std::filesystem::path& file);

}  // namespace vaso::dicom
