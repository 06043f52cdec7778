// The stages by what runs item functions: OnGpu or OnCpu.
#pragma once

#include "cuda/convolution.hpp"

namespace vaso::cuda {

template <class Run>
class StagesBy final : public Stages {
 public:
  explicit StagesBy(const Run& run) : run_(run) {}

  void convolve(const Convolution& c, const float* in, float* out) const override {
    by_width(c, FromMap{in}, ToMap{out});
  }
  void convolve_and_pool(const Convolution& c, const float* in, float* out, std::uint8_t* largest) const override {
    by_width(c, FromMap{in}, ToPooled{out, largest});
  }
  void convolve_pooled(const Convolution& c, const float* gradient, const std::uint8_t* largest,
                       float* out) const override {
    by_width(c, FromPooled{gradient, largest}, ToMap{out});
  }
  void enlarge_and_add(std::int64_t planes, const Enlarged& map, const float* skip, float* out) const override {
    run_(map.pixels(planes), EnlargeAndAdd{map, skip, out});
  }
  void enlarge_and_project(std::int64_t images, std::int64_t channels, const Enlarged& map, const float* weight,
                           const float* bias, float* out) const override {
    run_(map.pixels(images), EnlargeAndProject{map, static_cast<int>(channels), weight, bias, out});
  }
  void reduce_gradient(std::int64_t images, std::int64_t channels, const Enlarged& map, const float* weight,
                       const float* gradient, float* out) const override {
    if (weight == nullptr) {
      run_(map.pixels(images * channels), ReduceGradient{map, 1, nullptr, gradient, out});
    } else {
      run_(map.pixels(images), ReduceGradient{map, static_cast<int>(channels), weight, gradient, out});
    }
  }
  void norm(std::int64_t columns, const RowNorm& norm) const override { by_length<NormRow>(columns, norm); }
  void norm_gradient(std::int64_t columns, const RowNormGradient& norm) const override {
    by_length<NormRowGradient>(columns, norm);
  }
  void shift_rows(const ShiftRows& work) const override { run_(work.map.extent(), work); }
  void convolve_and_shift(const ConvolveAndShift& work) const override { run_(work.map.extent(), work); }
  void convolve_and_shift_gradient(const ConvolveAndShiftGradient& work) const override {
    run_(work.map.extent(), work);
  }

 private:
  template <template <int> class Item, class Norm>
  void by_length(std::int64_t columns, const Norm& norm) const {
    const Extent rows{1, (norm.rows + 31) / 32, 32};
    if (columns == 32) run_(rows, Item<32>{norm});
    if (columns == 64) run_(rows, Item<64>{norm});
    if (columns == 128) run_(rows, Item<128>{norm});
  }
  template <class From, class To>
  void by_width(const Convolution& c, const From& from, const To& to) const {
    group_width(c.out_channels) == 4 ? cuda::convolve<4>(run_, c, from, to) : cuda::convolve<8>(run_, c, from, to);
  }
  Run run_;
};

}  // namespace vaso::cuda
