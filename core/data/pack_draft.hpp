// A pack while it is being made: a file that appears under its name only when all of it is on the disk.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::data {

// With a fingerprint, records are written to FILE.unfinished and each is noted in FILE.unfinished.log; a process that
// is killed leaves both, and the next draft with the same fingerprint and maps begins with their records, each checked
// by its digest. Where another process is at it, or without a fingerprint, a draft is a file of its own and begins
// empty. All functions throw DataError where the disk fails.
class PackDraft {
 public:
  PackDraft(const std::filesystem::path& file, const std::string& fingerprint, const std::vector<std::string>& maps);
  PackDraft(const PackDraft&) = delete;
  ~PackDraft();  // removes what was not committed, unless keep() was called

  // Index entries: name, height, width, at, sha256 and so on, in the order of the planes.
  const std::vector<nlohmann::json>& records() const { return records_; }
  // `entry` lacks only "at". `planes`: as they are to stand in the file.
  void append(nlohmann::json entry, std::string_view planes);
  // Leaves the records for the next draft, where it can be found.
  void keep() { keep_ = true; }
  // Writes the index and the header, which is made from the index's position, and gives the file its name.
  void commit(const std::string& index);

 private:
  bool open_to_resume();
  void take_up(const std::string& heading);
  void write(int descriptor, std::string_view bytes, std::int64_t at) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path file_, draft_, log_;  // log_: "" where it is not to be resumed
  std::size_t planes_;                        // of a record
  int descriptor_ = -1, log_descriptor_ = -1;
  std::int64_t size_ = 0, log_size_ = 0;
  std::vector<nlohmann::json> records_;
  bool keep_ = false, committed_ = false;
};

}  // namespace vaso::data
