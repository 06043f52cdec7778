// How much a test set knows of its training set.
#pragma once

#include "sdk/dataset.hpp"

#include <string>
#include <vector>

namespace vaso::stenosis {

struct Leak {
  std::int64_t test = 0;  // frames
  // Of them, those that are in the training set themselves, or whose previous or next frame is.
  std::int64_t neighbour = 0;
  std::int64_t sequence = 0;  // those that share a sequence with it
  std::int64_t patient = 0;   // those that share a patient with it
  std::int64_t unknown = 0;   // those whose name does not tell the patient
};

// Counts over the records of split "test" against those of "train" and "val", which are both seen before the test.
Leak leak_of(const std::vector<RecordId>& ids);

std::string to_text(const Leak& leak);

}  // namespace vaso::stenosis
