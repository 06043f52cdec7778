#include "weights/import.hpp"

#include "weights/writers.hpp"

#include <fmt/format.h>

namespace vaso::weights {

void write_encoder(const EncoderPlan& plan, const WeightFile& from, const std::filesystem::path& file) {
  const Complaint complain(from.file);
  std::vector<NamedValues> tensors;
  for (const MadeTensor& made : plan.tensors)
    tensors.push_back({made.name, made.shape, [&made, &complain] { return made.values(complain); }});
  std::map<std::string, std::string> metadata = {{"format", "vasolab-encoder-1"},
                                                 {"image_size", std::to_string(plan.shape.image())},
                                                 {"patch_size", std::to_string(plan.shape.patch)},
                                                 {"heads", std::to_string(plan.shape.heads)}};
  const EncoderShape usual;
  if (plan.shape.norm_eps != usual.norm_eps) metadata["norm_eps"] = fmt::format("{:g}", plan.shape.norm_eps);
  if (plan.shape.positions == "rotary") metadata["positions"] = "rotary";
  if (plan.source != "VasoLab encoder") {
    metadata["source"] = plan.source;
    metadata["source_file"] = from.file.filename().string();
  }
  write_safetensors(file, tensors, metadata);
}

}  // namespace vaso::weights
