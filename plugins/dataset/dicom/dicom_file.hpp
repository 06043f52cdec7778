// One DICOM file: a run, or a single frame.
#pragma once

#include "vision/grey_image.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::dicom {

// What is needed of the header. The first four identify people or their examinations: they may be compared and hashed,
// never shown or stored.
struct FileHeader {
  std::string patient_id, study, series, instance;  // UIDs, but for patient_id
  std::string class_uid;                            // what kind of object it is
  std::string modality;                             // "XA"
  std::string photometric;                          // "MONOCHROME2"
  std::string series_number, instance_number;       // as written; "" = not stated
  std::string angles;                               // "RAO32_CRA2", of the first frame; "" = not stated
  std::int64_t frames = 1;
  bool has_pixels = false;
};

// Reads up to the pixels. Throws DataError. [any thread]
FileHeader read_header(const std::filesystem::path& file);

enum class GreyRule { window, depth };

// All frames as grey_table() makes them; with GreyRule::window, by what interest_of() finds. Throws DataError:
// truncated, damaged, a transfer syntax without a decoder, colour, samples that are neither 8 nor 16 bits. [any thread]
std::vector<vision::GreyImage> read_frames(const std::filesystem::path& file, GreyRule rule);

}  // namespace vaso::dicom
