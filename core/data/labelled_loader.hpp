// Batches of labelled images for fine-tuning: placed into the square input together with their masks and boxes.
#pragma once

#include "data/pack.hpp"
#include "data/placement.hpp"
#include "sdk/head.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vaso::data {

// The maps by which a pack carries Record::labels: eight classes a plane, as bits.
std::vector<ExtraMap> label_planes(std::int64_t labels);

// Whether the pixels of an image belong to class `label`: H×W, 255 where they do.
at::Tensor label_mask(const Pack& pack, std::int64_t index, std::int64_t label);

struct LabelledRequest {
  const Pack* pack = nullptr;
  std::vector<std::int64_t> records;  // of the pack, in the order wanted
  std::int64_t side = 224;            // of the input, pixels
  std::int64_t labels = 0;            // classes
  bool masks = false;                 // the pack carries label_planes(labels)
  bool boxes = false;
  bool augment = false;                 // false: fitted, in the order of `records`, the last batch as it comes
  PlacementRange placement;             // with augment
  double brightness = 0, contrast = 0;  // with augment: most change; four of five images get one
  std::vector<double> mean, deviation;  // per channel, of [0,1] pixels
  std::int64_t batch_size = 16;
  std::uint64_t seed = 0;
  int workers = 1;      // 0 = in the calling thread
  bool pinned = false;  // images and masks in memory from which a copy to a GPU does not wait
};

struct LabelledImages {
  LabelledBatch batch;
  at::Tensor index;                   // B int64, positions in the pack
  std::vector<Placement> placements;  // image → input
};

// With augment, an epoch has whole batches only, unless there are fewer images than one. Every draw is keyed by (seed,
// epoch, sample): results do not depend on workers or on where an epoch is entered.
class LabelledLoader {
 public:
  explicit LabelledLoader(LabelledRequest request);
  ~LabelledLoader();
  std::int64_t batches() const;
  void begin(std::int64_t epoch, std::int64_t first_batch = 0);
  bool next(LabelledImages& images);  // false at the end of the epoch
  double waiting_share() const;       // of the time since begin() that next() spent waiting

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vaso::data
