// Some records of a data set, in an order of its own: a split, a fraction of the labels.
#pragma once

#include "sdk/dataset.hpp"

#include <memory>
#include <utility>

namespace vaso::data {

class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  RecordId id(std::int64_t index) const override { return whole_->id(at(index)); }
  std::vector<std::string> maps() const override { return whole_->maps(); }
  std::vector<std::string> labels() const override { return whole_->labels(); }
  bool has_masks() const override { return whole_->has_masks(); }
  bool has_boxes() const override { return whole_->has_boxes(); }
  std::vector<Fault> faults() const override { return whole_->faults(); }
  std::vector<std::string> notes() const override { return whole_->notes(); }
  Record record(std::int64_t index) const override { return whole_->record(at(index)); }

 private:
  std::int64_t at(std::int64_t index) const { return indices_.at(static_cast<std::size_t>(index)); }

  std::shared_ptr<const Dataset> whole_;
  std::vector<std::int64_t> indices_;
};

}  // namespace vaso::data
