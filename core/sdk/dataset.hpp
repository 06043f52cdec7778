// A data set yields records: one grey image, maps of the same size beside it, its labels, and where it came from.
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
  std::string split;               // "train", "val" or "test" where the data set is divided, else ""
  std::vector<std::string> files;  // absolute paths that the record is read from; for messages and fingerprints
};

// In pixels of the image. Pixel (x, y) covers [x, x+1)×[y, y+1): a box around that pixel alone is x, y, 1, 1.
struct Box {
  double left = 0, top = 0, width = 0, height = 0;
  std::int64_t label = 0;  // position in Dataset::labels()
  double area = 0;         // px², as annotated: of the outline where there is one. COCO's size ranges go by it
  bool crowd = false;      // COCO's iscrowd: one box around many
};

struct Record {
  RecordId id;
  at::Tensor image;                        // H×W uint8
  std::map<std::string, at::Tensor> maps;  // H×W uint8 each, 0…255; "filter" is a vessel mask made by a filter,
                                           // "vessel" one that is true
  at::Tensor labels;       // H×W int32: bit c is set where the pixel belongs to Dataset::labels()[c]; a pixel may
                           // belong to several. Undefined where the data set has no masks
  std::vector<Box> boxes;  // where the data set has boxes
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
  // What is annotated, by name; at most 31. Empty: nothing is. [setup]
  virtual std::vector<std::string> labels() const;
  virtual bool has_masks() const;  // every record carries Record::labels
  virtual bool has_boxes() const;  // every record carries Record::boxes, which may be empty
  // What is wrong with files that the reader looked at already, beyond what record() will throw; a run refuses to start
  // on any. Notes are what it mended or passed over, which a user should know but need not act upon.
  virtual std::vector<Fault> faults() const;
  virtual std::vector<std::string> notes() const;
  // Decodes one record; throws DataError naming the file. [any thread]
  virtual Record record(std::int64_t index) const = 0;
};

}  // namespace vaso
