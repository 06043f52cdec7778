// A head is what stands on an encoder to solve a task: its networks, its loss, and the way from outputs to an answer.
#pragma once

#include "sdk/step.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vaso {

// What a head is trained on. S = side of the square input, C = number of labels.
struct LabelledBatch {
  at::Tensor image;                // B×3×S×S, normalised
  at::Tensor masks;                // B×C×S×S float, 0 or 1; undefined for heads that answer with boxes
  std::vector<at::Tensor> boxes;   // per image N×4 float: left, top, right, bottom in pixels of the input; N may be 0
  std::vector<at::Tensor> labels;  // per image N int64
};

// Boxes found in one image, by falling score.
struct Detections {
  at::Tensor boxes;   // N×4 float: left, top, right, bottom in pixels of the input
  at::Tensor scores;  // N float in [0,1]
  at::Tensor labels;  // N int64
};

// The networks that a head works with. `encoder` is null for heads that use none.
struct HeadNetworks {
  Encoder* encoder = nullptr;
  torch::nn::Module* head = nullptr;  // what Head::network() made
};

class VASO_API Head : public Component {
 public:
  static constexpr const char* kind = "head";
  enum class Answer { masks, boxes };

  ~Head() override;
  virtual Answer answer() const = 0;
  // False: the head is a whole network of its own (a U-Net); no encoder is made, loaded or demanded. [setup]
  virtual bool uses_encoder() const;
  // The networks for labels of these names. Throws ParameterError where the head cannot serve them. [setup]
  virtual std::shared_ptr<torch::nn::Module> network(const std::vector<std::string>& labels) = 0;
  // First weights of what network() made; the default is model::initialise. [setup]
  virtual void initialise(torch::nn::Module& network, std::uint64_t seed) const;
  // Named scalars with gradient; the host minimises their sum. Random choices come from `generator` alone. [step]
  virtual Bag losses(const HeadNetworks& networks, const LabelledBatch& batch, at::Generator generator) = 0;

  // Answer::masks. image: B×3×S×S → B×K×S×S, where K is the head's own affair. The host may resize these to the size of
  // the image before it asks for masks.
  virtual at::Tensor logits(const HeadNetworks& networks, const at::Tensor& image);
  // B×K×h×w → B×C×h×w bool.
  virtual at::Tensor masks(const at::Tensor& logits) const;

  // Answer::boxes. One entry per image.
  virtual std::vector<Detections> detect(const HeadNetworks& networks, const at::Tensor& image);
};

}  // namespace vaso
