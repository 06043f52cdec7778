// A pack: decoded images, their maps and their index in one memory-mapped file.
//
// Made once from a data set, checked by digest, read by every run. Layout, little-endian:
//   64 bytes  "VASOPACK", format number (u32), zero (u32), position and length of the index (u64 each), SHA-256 of the
//   index planes    uint8, rows without gaps, each 64-byte aligned; a record's image first, then its maps in the order
//   of the index index     JSON: map names, fingerprint, digest, and of each record: name, source, patient, sequence,
//   frame, split, boxes, width, height,
//             position of its image, SHA-256 of its planes
// The index comes last because a record's size is known once it is decoded. Written to a new file and renamed.
#pragma once

#include "sdk/dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vaso::data {

struct Plane {
  const std::uint8_t* pixels = nullptr;  // rows without gaps
  std::int64_t height = 0;
  std::int64_t width = 0;
};

class Pack {
 public:
  // Maps the file; checks magic, format, length and (check_digest) the digest of all planes. Throws DataError.
  explicit Pack(const std::filesystem::path& file, bool check_digest = false);
  ~Pack();
  Pack(Pack&&) noexcept;
  Pack& operator=(Pack&&) noexcept;
  std::int64_t size() const;
  const RecordId& id(std::int64_t index) const;  // files is empty
  const std::vector<Box>& boxes(std::int64_t index) const;
  Plane image(std::int64_t index) const;
  Plane map(std::int64_t index, const std::string& name) const;  // throws std::out_of_range
  std::vector<std::string> maps() const;
  std::string fingerprint() const;  // of what it was made from
  std::string digest() const;       // SHA-256 over the records' SHA-256, which cover size and planes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A map to compute for each record and store beside those the data set has.
struct ExtraMap {
  std::string name;                                  // "guidance.frangi"
  std::function<at::Tensor(const Record&)> compute;  // H×W uint8. Called from several threads
};

struct PackRequest {
  const Dataset* dataset = nullptr;
  std::int64_t limit = 0;  // 0 = all
  std::vector<ExtraMap> extra;
  std::string fingerprint;
  int threads = 1;
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  const std::function<bool()>* cancelled = nullptr;  // asked between records
};

// Every record that fails is reported in the one DataError thrown at the end (at most 20 listed, the rest counted);
// nothing is left behind then. A map whose size differs from its image is a fault, and so is a map that Dataset::maps()
// promises and a record lacks. A full disk is a DataError too.
// Returns false where `cancelled` said so. Then, and where the process is killed, FILE.unfinished and
// FILE.unfinished.log stay, and the next call with the same fingerprint, which must not be empty, goes on from there;
// the pack is the same.
bool write_pack(const std::filesystem::path& file, const PackRequest& request);

// Names, sizes and modification times of all files, the count and `parameters`: changes when the data does.
std::string fingerprint(const Dataset& dataset, std::int64_t limit, const std::string& parameters);

}  // namespace vaso::data
