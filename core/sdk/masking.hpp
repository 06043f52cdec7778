// A masking strategy decides, for the whole batch at once, which tokens are kept, masked and dropped.
#pragma once

#include "sdk/objective.hpp"

namespace vaso {

// Called once per epoch for strategies that look at every image (AMT's attention sweep).
class VASO_API Sweep {
 public:
  virtual ~Sweep();
  virtual const Progress& progress() const = 0;
  virtual Networks& student() = 0;  // in evaluation mode, without gradient
  // Every training image, uncropped and unflipped, resized to the view: batches with "image" and "index". Order is
  // unspecified.
  virtual void for_each_batch(const std::function<void(const Bag&)>& visit) = 0;
};

class VASO_API MaskingStrategy : public Component {
 public:
  static constexpr const char* kind = "masking";
  ~MaskingStrategy() override;

  virtual Needs needs() const;

  // A network of the strategy's own (a loss predictor), trained with the student and followed by the teacher; it may
  // stand on the objective's outputs. Called once for the student and once for a teacher. [setup]
  virtual std::shared_ptr<torch::nn::Module> network(const Objective& objective);

  // The plan for this batch. Called without gradient. [step]
  virtual MaskPlan plan(StepContext& step) = 0;

  // A loss that the strategy's own network learns from, added with weight 1; undefined where there is none. [step]
  virtual at::Tensor loss(StepContext& step);

  // Momentum of the teacher at this point of the run, where Needs::teacher. [step]
  virtual double teacher_momentum(const Progress& progress) const;

  // True where epoch_end wants a sweep after this epoch. [step]
  virtual bool wants_sweep(const Progress& progress) const;
  virtual void epoch_end(Sweep& sweep);
};

// Building blocks, all without a loop over images. [any thread]
//
// The first `count` tokens of a weighted draw without replacement: top-k of log w plus Gumbel noise, which has the
// distribution of the sequential draw. weights: B×L, zero = never; where fewer than `count` are positive, a row has
// fewer. Returns B×L bool.
VASO_API at::Tensor draw_weighted(const at::Tensor& weights, std::int64_t count, at::Generator generator);

// `count` more tokens drawn evenly among those not `taken` (B×L bool; count may differ by row: B int64).
VASO_API at::Tensor draw_evenly(const at::Tensor& taken, const at::Tensor& count, at::Generator generator);

// int(tokens·(1−ratio)) as the released codes compute it, in double.
VASO_API std::int64_t kept_tokens(std::int64_t tokens, double ratio);

}  // namespace vaso
