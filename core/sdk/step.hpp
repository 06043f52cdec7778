// One pre-training step as a component sees it: the batch, the networks, and what was already computed.
#pragma once

#include "sdk/component.hpp"

#include <ATen/core/Generator.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vaso {

struct Progress {
  std::int64_t epoch = 0;  // from 0
  std::int64_t epochs = 1;
  std::int64_t step = 0;  // optimizer steps done since the run began
  std::int64_t steps_per_epoch = 1;

  double fractional_epoch() const { return static_cast<double>(step) / static_cast<double>(steps_per_epoch); }
};

// What happens to each token of each image.
struct MaskPlan {
  static constexpr std::int8_t keep = 0;   // the encoder sees it
  static constexpr std::int8_t mask = 1;   // hidden, and to be predicted
  static constexpr std::int8_t drop = -1;  // absent from encoder and decoder

  at::Tensor state;   // B×L int8. The number of kept, masked and dropped tokens is the same in every image
  at::Tensor guided;  // optional, B int64: how many masked tokens were chosen by guidance (logged)
  // Tokens of an image that are dropped, kept, masked, where the strategy says so: then no step waits for a GPU to
  // count them, and the host looks later whether it is true. −1: to be counted.
  std::array<std::int64_t, 3> counts = {-1, -1, -1};

  VASO_API std::int64_t count(std::int8_t of_state) const;  // from `counts`, or by looking
};

// Token indices (int64, raster order within a row) of the tokens in one state: B×K.
VASO_API at::Tensor tokens_in_state(const MaskPlan& plan, std::int8_t state);

struct EncodeRequest {
  at::Tensor image;    // B×3×H×W, normalised
  at::Tensor keep;     // B×K int64, raster indices of the tokens to encode; undefined = all
  at::Tensor replace;  // B×L bool: embeddings to replace by `replacement` before positions are added (SimMIM, iBOT)
  at::Tensor replacement;            // 1×1×D, with `replace`
  bool attention = false;            // also return the last block's attention
  std::vector<std::int64_t> layers;  // also return the outputs of these blocks (from 0)
};

struct EncodeResult {
  at::Tensor tokens;               // B×(prefix+K)×D, after the final norm
  std::int64_t prefix = 1;         // leading tokens that are no patches (cls, registers)
  at::Tensor attention;            // B×heads×T×T, softmaxed
  std::vector<at::Tensor> layers;  // B×(prefix+K)×D each, before the final norm
};

class VASO_API Encoder {
 public:
  virtual ~Encoder();
  virtual EncodeResult encode(const EncodeRequest& request) = 0;
};

// One set of weights: the student that is trained, or a teacher that follows it by exponential moving average.
// `objective` and `masking` are the networks which those components made (null where they made none).
struct Networks {
  Encoder* encoder = nullptr;
  torch::nn::Module* objective = nullptr;
  torch::nn::Module* masking = nullptr;
};

// A network beside the student that is loaded from a file and never trained (the segmentor).
class VASO_API FrozenNetwork {
 public:
  virtual ~FrozenNetwork();
  // x: B×3×H×W, normalised. Gradients flow to x where x asks for them.
  virtual at::Tensor forward(const at::Tensor& x) = 0;
};

// Given to components during a step. Everything offered here is computed at most once per step, when first asked for.
class VASO_API StepContext {
 public:
  virtual ~StepContext();

  virtual const RunShape& shape() const = 0;
  virtual const Progress& progress() const = 0;

  // "image" B×3×H×W normalised float; "index" B int64, position in the data set; "crop" B×5 float: top, left, height,
  // width (shares of the full image) and 1 where flipped; maps by name (say "filter"), B×1×H×W float in [0,1]. Tensors
  // of another view than the first carry its name before a slash: "global.1/image".
  virtual const Bag& batch() const = 0;

  // The calling component's own generator, keyed by (run seed, component, step). Lives on the device of the batch.
  virtual at::Generator generator() = 0;

  // B×1×H×W in [0,1]: what guides the mask. Needs Needs::guidance.
  virtual at::Tensor guidance() = 0;

  virtual Networks& student() = 0;
  virtual Networks& teacher() = 0;  // needs Needs::teacher

  // Needs Needs::frozen to name it.
  virtual FrozenNetwork& frozen(std::string_view name) = 0;

  // Runs the objective with one set of weights and a plan; `until` names the output after which it may stop.
  virtual Bag forward(Networks& networks, const MaskPlan& plan, std::string_view until = {}) = 0;

  // From here on only after the plan was made:
  virtual const MaskPlan& plan() const = 0;
  virtual const Bag& outputs() const = 0;  // of the student's forward, names as the objective documents them

  // Computes a tensor under `key` without gradient, or returns what an earlier caller computed under that key.
  virtual at::Tensor once(const std::string& key, const std::function<at::Tensor()>& compute) = 0;

  // Adds a number to this epoch's mean of `series` in the run database.
  virtual void log(std::string_view series, double value) = 0;
};

// What a component asks the host for. The host checks before the run that it can be given, and makes nothing else.
struct Needs {
  bool guidance = false;
  bool teacher = false;
  std::vector<std::string> frozen;   // names of frozen networks, e.g. "segmentor"
  std::vector<std::string> outputs;  // outputs of the objective, e.g. "prediction"
};

// Pixels of a square image to patches and back. patches: B×L×(p·p·C), values in (row, column, channel) order.
VASO_API at::Tensor patchify(const at::Tensor& image, std::int64_t patch_size);
VASO_API at::Tensor unpatchify(const at::Tensor& patches, std::int64_t patch_size, std::int64_t channels = 3);

// Sum over each patch of a B×1×H×W map: B×L.
VASO_API at::Tensor patch_sums(const at::Tensor& map, std::int64_t patch_size);

}  // namespace vaso
