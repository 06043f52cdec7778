// Batches of cropped, resized and flipped views, made by worker threads ahead of the training loop.
#pragma once

#include "data/pack.hpp"

#include "sdk/objective.hpp"

#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

namespace vaso::data {

struct LoaderRequest {
  const Pack* pack = nullptr;
  std::vector<ViewSpec> views;          // the first is called "image", without prefix in the batch
  std::vector<std::string> maps;        // maps of the pack to crop along: batch name = map name, float in [0,1]
  std::vector<double> mean, deviation;  // per channel, of [0,1] pixels
  std::int64_t batch_size = 256;
  bool drop_last = true;  // where there are fewer images than a batch, one smaller batch is made anyway
  bool augment = true;    // false: whole image resized to the view, data set order, no flip, keeps the last batch
  std::uint64_t seed = 0;
  int workers = 1;                 // 0 = in the calling thread
  c10::Device device = c10::kCPU;  // where batches are wanted
  bool kernel_twins = false;       // make views as on a GPU, by the twins of its kernels: slower, the same, for tests
};

// Image bicubic with antialiasing where it shrinks, as torchvision's RandomResizedCrop on PIL images; maps nearest.
// Every draw is keyed by (seed, epoch, sample index, view): results do not depend on workers or on where an epoch is
// entered. Where batches are wanted on a GPU and there are kernels for it (core/cuda), views are made there (see
// StagedViews) and are the same.
class Loader {
 public:
  explicit Loader(LoaderRequest request);
  ~Loader();
  std::int64_t batches() const;
  std::int64_t images() const;  // that an epoch yields
  // Starts an epoch at a batch (a resumed run enters in the middle).
  void begin(std::int64_t epoch, std::int64_t first_batch = 0);
  // Next batch (see StepContext::batch for names); false at the end of the epoch.
  bool next(Bag& batch);
  // Share of the time since begin() that next() spent waiting.
  double waiting_share() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vaso::data
