// Reads and writes the safetensors format: 8-byte little-endian header length, JSON header, raw little-endian tensors.
#pragma once

#include "sdk/component.hpp"

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

namespace vaso::train {

class CheckpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TensorFile {
  Bag tensors;  // on the CPU
  std::map<std::string, std::string> metadata;
};

// Throws CheckpointError with file, tensor and cure: truncated, header no JSON, offsets out of the file or overlapping,
// unknown dtype.
TensorFile read_safetensors(const std::filesystem::path& file);

// Writes FILE.tmp-PID, syncs it, renames it over FILE, syncs the folder. On any failure (a full disk) the old FILE
// stays as it was, the new one is removed, and CheckpointError says how many bytes were needed.
void write_safetensors(const std::filesystem::path& file, const TensorFile& content);

}  // namespace vaso::train
