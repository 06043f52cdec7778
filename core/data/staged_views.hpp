// Views made on a GPU from the pack's own bytes: worker threads cut each view's window out, and the GPU resizes,
// mirrors and normalises all windows of a batch at once. Which window is drawn on the CPU as ever: results do not
// depend on where views are made.
#pragma once

#include "data/crop.hpp"
#include "data/loader.hpp"

#include <c10/core/Device.h>

#include <vector>

namespace vaso::data {

// What one view shows of one sample.
struct Cutting {
  std::int64_t sample = 0;  // of the pack
  Crop crop;
};

class StagedViews {
 public:
  // Where `device` is a GPU, windows wait in pinned memory and views are made there; where it is the CPU, by the twins
  // of the kernels, which is slower than the Loader's own way and gives the same (for tests).
  StagedViews(const LoaderRequest& request, c10::Device device);

  // Room for the windows of a batch: cuttings[view][position].
  Bag open(const std::vector<std::vector<Cutting>>& cuttings) const;
  // Copies the windows of one position, cuttings[view]. [any thread]
  void fill(const Bag& staged, std::int64_t position, const std::vector<Cutting>& cuttings) const;
  // Whether a tensor of a batch is open()'s and not the caller's.
  static bool owns(const std::string& name);
  // The views, by the names of LoaderRequest, on the device.
  Bag finish(const Bag& staged) const;

 private:
  std::int64_t images_in(const at::Tensor& windows) const;

  const Pack& pack_;
  std::vector<ViewSpec> views_;
  std::vector<std::string> maps_;
  c10::Device device_;
  at::Tensor normalise_, share_;  // 3×256 and 1×256: what a grey level becomes
};

}  // namespace vaso::data
