// A data set yields records: one grey image, maps of the same size beside it, and where it came from.
#pragma once

#include "sdk/component.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace vaso {

struct RecordId {
  std::string source;    // which of several sources, "" if there is one
  std::string name;      // unique within the data set; a path relative to the source where there are files
  std::string patient;   // "" = unknown
  std::string sequence;  // "" = unknown
  std::int64_t frame = -1;
  std::vector<std::string> files;  // absolute paths that the record is read from; for messages and fingerprints
};

struct Record {
  RecordId id;
  at::Tensor image;                        // H×W uint8
  std::map<std::string, at::Tensor> maps;  // H×W uint8 each, 0…255; "filter" is a vessel mask made by a filter,
                                           // "vessel" one that is true
};

// Something wrong with the data, said so that its owner can mend it.
struct Fault {
  std::string where;  // file, or record name
  std::string what;
  std::string cure;
};

class VASO_API DataError : public std::runtime_error {
 public:
  explicit DataError(Fault fault);
  ~DataError() override;
  const Fault& fault() const { return fault_; }

 private:
  Fault fault_;
};

class VASO_API Dataset : public Component {
 public:
  static constexpr const char* kind = "dataset";
  ~Dataset() override;
  virtual std::int64_t size() const = 0;
  virtual RecordId id(std::int64_t index) const = 0;  // cheap: decodes nothing
  // Names of the maps that every record carries.
  virtual std::vector<std::string> maps() const;
  // Decodes one record; throws DataError naming the file. [any thread]
  virtual Record record(std::int64_t index) const = 0;
};

}  // namespace vaso
