// Fields of COCO's JSON with their types checked, and the faults of a file as they are found. Used by readers and
// writers.
#pragma once

#include "annotations/coco_json.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace vaso::annotations {

using Json = nlohmann::json;

// The file's JSON; without a value where it cannot be read or is none, and then there is a fault that says why and on
// which line.
std::optional<Json> parse_json(const std::filesystem::path& file, std::vector<Fault>& faults);

// Writes it on one line, whole or not at all. Throws train::CheckpointError.
void write_json(const std::filesystem::path& file, const Json& content);

Json to_json(const CocoBox& box);  // [left, top, width, height]

// One object of a list in a file: fields are asked for by name, and what is missing or of another type becomes a fault
// with the object's place in it.
class Fields {
 public:
  // `what` names the object in messages: "annotation 17".
  Fields(const Json& object, std::string what, const std::filesystem::path& file, std::vector<Fault>& faults)
      : object_(object), what_(std::move(what)), file_(file), faults_(faults) {}

  bool has(const char* name) const { return object_.contains(name) && !object_.at(name).is_null(); }
  const Json& at(const char* name) const { return object_.at(name); }

  // No value after a fault was noted.
  std::optional<std::int64_t> integer(const char* name);
  std::optional<double> number(const char* name);
  std::optional<std::string> text(const char* name);
  std::optional<CocoBox> box(const char* name);  // four finite numbers

  void fault(const std::string& what, const std::string& cure);
  // Messages from here on say that it belongs to this image.
  void of(const std::string& image) { what_ += " of " + image; }

 private:
  bool wrong(const char* name, const char* wanted);  // notes the fault; false

  const Json& object_;
  std::string what_;
  const std::filesystem::path& file_;
  std::vector<Fault>& faults_;
};

// Throws DataError with the first fault and the number of the others; returns where there is none.
void require_none(const std::vector<Fault>& faults);

}  // namespace vaso::annotations
