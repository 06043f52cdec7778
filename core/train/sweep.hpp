// A pass over all training images, uncropped, for strategies that measure every sample.
#pragma once

#include "data/loader.hpp"
#include "train/networks.hpp"

#include "sdk/masking.hpp"

namespace vaso::train {

class StudentSweep final : public Sweep {
 public:
  // Puts the student into evaluation mode while it lives.
  StudentSweep(const Progress& progress, NetworkSet& student, const data::Pack& pack, data::LoaderRequest request,
               std::int64_t view_size, const c10::Device& device);
  ~StudentSweep() override;
  const Progress& progress() const override { return progress_; }
  Networks& student() override { return student_.view(); }
  void for_each_batch(const std::function<void(const Bag&)>& visit) override;

 private:
  Progress progress_;
  NetworkSet& student_;
  data::LoaderRequest request_;
  c10::Device device_;
};

}  // namespace vaso::train
