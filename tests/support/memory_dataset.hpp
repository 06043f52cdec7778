// A data set made of tensors, and of faults where a record should fail.
#pragma once

#include "sdk/dataset.hpp"

#include <ATen/ops/arange.h>
#include <ATen/TensorOperators.h>

#include <string>
#include <vector>

namespace vaso::tests {

class MemoryDataset final : public Dataset {
 public:
  // `count` frames of different sizes with a bright diagonal ramp and a map that marks the left half. Frame i has its
  // index as its first pixel.
  explicit MemoryDataset(std::int64_t count) {
    map_names = {"filter"};
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t height = 40 + i % 3, width = 50 + i % 5;
      const at::Tensor rows = at::arange(height).unsqueeze(1), columns = at::arange(width).unsqueeze(0);
      Record record;
      record.id.name = "ramp-" + std::to_string(i);
      record.id.source = i % 2 == 0 ? "even" : "odd";
      record.id.patient = "p" + std::to_string(i / 4);
      record.id.sequence = "s1";
      record.id.frame = i;
      record.image = (rows * 3 + columns * 2 + i * 7).remainder(256).to(at::kByte);
      record.image[0][0] = i;
      record.maps["filter"] = (columns < width / 2).expand({height, width}).to(at::kByte).mul(255);
      records.push_back(record);
    }
  }

  std::vector<Record> records;
  std::vector<std::string> map_names;
  std::vector<std::int64_t> broken;  // indices whose record throws

  std::int64_t size() const override { return static_cast<std::int64_t>(records.size()); }
  RecordId id(std::int64_t index) const override { return records.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> maps() const override { return map_names; }
  Record record(std::int64_t index) const override {
    for (const std::int64_t bad : broken) {
      if (bad == index) throw DataError({id(index).name, "is broken", "mend it"});
    }
    return records.at(static_cast<std::size_t>(index));
  }
};

}  // namespace vaso::tests
