#include "sdk/component.hpp"

#include "model/vit.hpp"

#include "sdk/dataset.hpp"
#include "sdk/guidance.hpp"
#include "sdk/head.hpp"
#include "sdk/loss.hpp"
#include "sdk/masking.hpp"
#include "sdk/objective.hpp"
#include "sdk/plugin.hpp"

#include <stdexcept>

// The destructors are the key functions of the interfaces: defined here, once, so that host and plugins share one
// vtable and one type identity whatever their visibility flags.

namespace vaso {

Component::~Component() = default;
Bag Component::state() const { return {}; }
void Component::set_state(const Bag& state) {
  if (!state.empty()) {
    throw std::runtime_error("the checkpoint holds state (`" + state.begin()->first +
                             "`) for a component that keeps none");
  }
}

Encoder::~Encoder() = default;
FrozenNetwork::~FrozenNetwork() = default;
StepContext::~StepContext() = default;
Sweep::~Sweep() = default;
Registrar::~Registrar() = default;

MaskingStrategy::~MaskingStrategy() = default;
Needs MaskingStrategy::needs() const { return {}; }
std::shared_ptr<torch::nn::Module> MaskingStrategy::network(const Objective&) { return nullptr; }
at::Tensor MaskingStrategy::loss(StepContext&) { return {}; }
double MaskingStrategy::teacher_momentum(const Progress&) const { return 0.9999; }
bool MaskingStrategy::wants_sweep(const Progress&) const { return false; }
void MaskingStrategy::epoch_end(Sweep&) {}

LossTerm::~LossTerm() = default;
Needs LossTerm::needs() const { return {}; }

Objective::~Objective() = default;
Needs Objective::needs() const { return {}; }
std::vector<ViewSpec> Objective::views(const ViewSpec& configured) const { return {configured}; }

Dataset::~Dataset() = default;
std::vector<std::string> Dataset::maps() const { return {}; }
std::vector<std::string> Dataset::labels() const { return {}; }
bool Dataset::has_masks() const { return false; }
bool Dataset::has_boxes() const { return false; }
std::vector<Fault> Dataset::faults() const { return {}; }
std::vector<std::string> Dataset::notes() const { return {}; }

Head::~Head() = default;
bool Head::uses_encoder() const { return true; }
void Head::initialise(torch::nn::Module& network, std::uint64_t seed) const {
  model::initialise(network, seed, "head.");
}
at::Tensor Head::logits(const HeadNetworks&, const at::Tensor&) {
  throw std::logic_error("this head answers with boxes, not with masks");
}
at::Tensor Head::masks(const at::Tensor&) const {
  throw std::logic_error("this head answers with boxes, not with masks");
}
std::vector<Detections> Head::detect(const HeadNetworks&, const at::Tensor&) {
  throw std::logic_error("this head answers with masks, not with boxes");
}

DataError::DataError(Fault fault)
    : std::runtime_error(fault.where + ": " + fault.what + (fault.cure.empty() ? "" : "\n  " + fault.cure)),
      fault_(std::move(fault)) {}
DataError::~DataError() = default;

GuidanceSource::~GuidanceSource() = default;
Needs GuidanceSource::needs() const { return {}; }
std::vector<std::string> GuidanceSource::inputs() const { return {}; }
at::Tensor GuidanceSource::map(const Record&) const {
  throw std::logic_error("this guidance source makes no map from a record alone: its stage is `step`");
}
at::Tensor GuidanceSource::map(StepContext&, const std::vector<at::Tensor>&) {
  throw std::logic_error("this guidance source makes its map before training: its stage is `image`");
}

}  // namespace vaso
