#include "train/encoder.hpp"

#include "train/safetensors.hpp"
#include "weights/encoder_plan.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace vaso::train {
namespace {

using model::Positions;

constexpr std::array<std::pair<Positions, const char*>, 4> position_names = {
    {{Positions::table, "table"},
     {Positions::rotary, "rotary"},
     {Positions::relative_bias, "relative_bias"},
     {Positions::none, "none"}}};

// No tensor tells; "" where the file does not either, or says the same.
std::string norm_eps_fault(const model::Vit& vit, const TensorFile& content) {
  const auto said = content.metadata.find("norm_eps");
  if (said == content.metadata.end()) return "";
  const double theirs = std::strtod(said->second.c_str(), nullptr), ours = vit.shape().norm_eps;
  if (std::abs(theirs - ours) <= 1e-3 * ours) return "";
  return fmt::format("its norms add {0} to the variance and ours {1:g}; set model.norm_eps = {0}", said->second, ours);
}

}  // namespace

namespace {

Positions positions_named(const std::string& wanted) {
  for (const auto& [positions, name] : position_names) {
    if (wanted == name) return positions;
  }
  return Positions::table;
}

model::VitShape vit_shape(const weights::EncoderShape& shape) {
  model::VitShape vit;
  vit.image_size = shape.image();
  vit.patch_size = shape.patch;
  vit.dim = shape.dim;
  vit.depth = shape.depth;
  vit.heads = shape.heads;
  vit.positions = positions_named(shape.positions);
  vit.registers = shape.registers;
  vit.class_token = shape.class_token;
  vit.final_norm = shape.final_norm;
  vit.norm_eps = shape.norm_eps;
  return vit;
}

}  // namespace

model::VitShape vit_shape(const experiment::Model& settings, const RunShape& run) {
  model::VitShape vit;
  vit.image_size = run.image_size;
  vit.patch_size = run.patch_size;
  vit.dim = run.encoder_dim;
  vit.depth = run.encoder_depth;
  vit.heads = run.encoder_heads;
  vit.norm_eps = settings.norm_eps;
  vit.registers = settings.registers;
  vit.class_token = settings.class_token;
  vit.final_norm = settings.final_norm;
  vit.positions = positions_named(settings.positions);
  return vit;
}

std::string refusal(const model::VitShape& shape) {
  try {
    model::check(shape);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::map<std::string, std::string> encoder_metadata(const model::VitShape& shape) {
  std::map<std::string, std::string> metadata = {{"format", "vasolab-encoder-1"},
                                                 {"image_size", std::to_string(shape.image_size)},
                                                 {"patch_size", std::to_string(shape.patch_size)},
                                                 {"heads", std::to_string(shape.heads)}};
  const model::VitShape usual;
  if (shape.norm_eps != usual.norm_eps) metadata["norm_eps"] = fmt::format("{:g}", shape.norm_eps);
  if (shape.positions == Positions::rotary) metadata["positions"] = "rotary";  // the tensors tell of the others
  return metadata;
}

model::LoadReport load_encoder(model::Vit& vit, const std::string& file, const model::LoadOptions& options) {
  const TensorFile content = read_safetensors(file);
  const std::string eps = norm_eps_fault(vit, content);
  try {
    model::LoadReport report = model::load_encoder(vit, content.tensors, options);
    if (eps.empty()) return report;
  } catch (const model::WeightError& error) {
    throw CheckpointError(fmt::format("{}: {}{}{}", file, error.what(), eps.empty() ? "" : "\n  ", eps));
  }
  throw CheckpointError(fmt::format("{}: {}", file, eps));
}

std::shared_ptr<model::Vit> open_encoder(const std::filesystem::path& file) {
  try {
    const weights::WeightFile opened = weights::open_weights(file);
    const weights::EncoderPlan plan = weights::plan_encoder(opened);
    const weights::Complaint complain(file);
    if (plan.shape.relative) {
      complain(
          "has relative positions, which do not tell in which blocks they are of windows: fine-tune it, and take the "
          "model of that run");
    }
    Bag tensors;
    for (const weights::MadeTensor& made : plan.tensors)
      tensors[made.name] = at::tensor(made.values(complain)).reshape(made.shape);
    auto vit = std::make_shared<model::Vit>(vit_shape(plan.shape));
    model::load_encoder(*vit, tensors);
    vit->eval();
    return vit;
  } catch (const weights::WeightFileError& error) {
    throw CheckpointError(error.what());
  }
}

model::LoadOptions load_options(const std::string& position_resize, const std::string& patch_resize) {
  model::LoadOptions options;
  if (position_resize == "antialias") options.positions = model::PositionResize::antialias;
  if (position_resize == "offset") options.positions = model::PositionResize::offset;
  if (patch_resize == "flexivit") options.patches = model::PatchResize::flexivit;
  return options;
}

}  // namespace vaso::train
