// NumPy's .npz: a zip archive of .npy arrays.
#pragma once

#include "npy.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

struct zip;

namespace vaso::npy {

// An open archive. Opening reads its table of contents, header() inflates the first bytes of a member, read() all of
// it. For one thread at a time.
class Npz {
 public:
  // Throws DataError: missing, unreadable, no zip archive, or truncated (the table stands at the end).
  explicit Npz(const std::filesystem::path& file);
  ~Npz();

  // The member's header; its stated size agrees with the archive's. Throws DataError naming file and member: there is
  // no such member, or as parse_header().
  Header header(const std::string& member) const;

  // Throws DataError: as header(), or damaged (the checksum disagrees).
  Array read(const std::string& member) const;

  // As read(), but nothing where there is no such member, or it holds Python objects or is otherwise unreadable: for
  // what is nice to know.
  std::optional<Array> try_read(const std::string& member) const;

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  std::filesystem::path file_;
  std::unique_ptr<zip, Close> archive_;
};

}  // namespace vaso::npy
