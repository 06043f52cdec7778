// What one split of a data set knows of another.
#pragma once

#include "sdk/dataset.hpp"

#include <string>
#include <vector>

namespace vaso::data {

struct SplitLeaks {
  std::vector<std::string> patients;                  // in two splits or more: "14_021 (train 30, test 4)"
  std::vector<std::string> sequences;                 // the same: "14_021/3 (…)"
  std::vector<std::vector<std::string>> equal, near;  // groups of records: "NAME (train)"

  bool any() const { return !patients.empty() || !equal.empty() || !near.empty() || !sequences.empty(); }
};

// equal, near: groups of positions in `ids`, of frames with the same pixels and of frames that look alike. Records that
// are in no split are in nobody's way.
SplitLeaks find_split_leaks(const std::vector<RecordId>& ids, const std::vector<std::vector<std::int64_t>>& equal,
                            const std::vector<std::vector<std::int64_t>>& near);

}  // namespace vaso::data
