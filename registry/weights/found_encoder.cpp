#include "weights/found_encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vaso::weights {
namespace {

// Which of several encoders a method itself evaluates. Momentum encoders come last but for those named targets or
// teachers: MoCo v3 evaluates its base encoder.
int preference(const FoundEncoder& encoder) {
  const std::string place = encoder.group + "/" + encoder.prefix;
  const auto has = [&](const char* word) { return place.find(word) != place.npos; };
  if (has("optimizer")) return 9;
  if (has("ema") || has("momentum")) return 3;
  if (has("teacher") || has("target_encoder")) return 0;
  return has("student") ? 2 : 1;
}

// A number followed by a dot; what stands behind is left in `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0 || end == text.data() + text.size() || *end != '.') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

// Facts about the names in a file, for recognise().
class Facts {
 public:
  Facts(const WeightFile& file, const FoundEncoder& encoder) : file_(file), encoder_(encoder) {}

  bool group(std::string_view name) const {
    return any([&](const Tensor& tensor) { return tensor.group == name; });
  }
  bool beside(std::string_view start) const {  // in the encoder's group, prefix or not
    return any([&](const Tensor& tensor) { return tensor.group == encoder_.group && tensor.name.starts_with(start); });
  }
  bool inside(std::string_view part) const {  // anywhere in the name of one of its tensors
    return any([&](const Tensor& tensor) {
      const auto name = name_within(encoder_, tensor);
      return name && name->find(part) != name->npos;
    });
  }
  bool prefix(std::string_view part) const { return encoder_.prefix.find(part) != std::string::npos; }
  bool in_group(std::string_view part) const { return encoder_.group.find(part) != std::string::npos; }

 private:
  template <class Predicate>
  bool any(Predicate predicate) const {
    return std::any_of(file_.tensors.begin(), file_.tensors.end(), predicate);
  }
  const WeightFile& file_;
  const FoundEncoder& encoder_;
};

const char* recognise_transformers(const Facts& facts) {
  if (facts.inside("register_tokens")) return "DINOv2 with registers (transformers)";
  if (facts.inside("layer_scale1")) return "DINOv2 or RAD-DINO (transformers)";
  if (facts.inside("lambda_1") || facts.inside("relative_position")) return "BEiT (transformers)";
  if (!facts.inside("embeddings.cls_token")) return "I-JEPA (transformers)";
  if (facts.beside("decoder.")) return "ViT-MAE (transformers)";
  return "ViT (transformers)";
}

const char* recognise_timm(const Facts& facts) {
  if (facts.inside("storage_tokens")) return facts.in_group("teacher") ? "MedDINOv3" : "DINOv3";
  if (facts.inside("rope_embed")) return "DINOv3";
  if (facts.inside("reg_token") && !facts.inside("pos_embed")) return "DINOv3 (timm)";
  if (facts.inside("register_tokens") || facts.inside("reg_token")) return "DINOv2 with registers";
  if (facts.inside("attn.rel_pos_h")) return "LVM-Med or SAM";
  if (facts.inside("rel_pos_bias") || facts.inside("attn.q_bias"))
    return facts.prefix("encoder.") ? "SimMIM" : "BEiT or another with its keys";
  if (facts.inside("ls1.gamma")) return "DINOv2 or RAD-DINO";
  if (facts.beside("seg_model.")) return "VasoMIM";
  if (facts.group("ema_state_dict") || facts.in_group("ema_state_dict")) return "HPM";
  if (facts.prefix("target_encoder.")) return "CheXWorld";
  if (facts.in_group("target_encoder") || (facts.in_group("encoder") && !facts.inside("cls_token"))) return "I-JEPA";
  if (facts.prefix("base_encoder.") || facts.prefix("momentum_encoder.")) return "MoCo v3";
  if (facts.inside("masked_embed")) return "iBOT";
  if (facts.in_group("teacher") || facts.in_group("student")) return "DINO";
  if (facts.inside("decoder_blocks.")) return "MAE, AMT or another with MAE's keys";
  return "ViT with timm's keys";
}

}  // namespace

std::string FoundEncoder::place() const {
  if (group.empty()) return prefix.empty() ? "the file" : prefix;
  return prefix.empty() ? group : fmt::format("{}: {}", group, prefix);
}

std::vector<FoundEncoder> find_encoders(const WeightFile& file) {
  std::vector<FoundEncoder> found;
  for (const Tensor& tensor : file.tensors) {
    for (const KeyFamily& family : key_families()) {
      const std::string_view name = tensor.name;
      if (!name.ends_with(family.anchor)) continue;
      const std::string_view prefix = name.substr(0, name.size() - family.anchor.size());
      if (prefix.empty() || prefix.ends_with('.')) found.push_back({tensor.group, std::string(prefix), &family});
    }
  }
  // Our checkpoints hold the student without prefix, and it is the student that a run leaves as its encoder.
  const auto format = file.metadata.find("format");
  const bool ours = format != file.metadata.end() && format->second.starts_with("vasolab-");
  const auto preference = [ours](const FoundEncoder& encoder) { return ours ? 0 : weights::preference(encoder); };
  std::stable_sort(found.begin(), found.end(), [&](const FoundEncoder& a, const FoundEncoder& b) {
    return std::tuple(preference(a), a.group.size() + a.prefix.size()) <
           std::tuple(preference(b), b.group.size() + b.prefix.size());
  });
  return found;
}

std::string recognise(const WeightFile& file, const FoundEncoder& encoder) {
  if (const auto format = file.metadata.find("format"); format != file.metadata.end()) {
    if (format->second == "vasolab-encoder-1") return "VasoLab encoder";
    if (format->second == "vasolab-model-1") return "VasoLab fine-tuned model";
    if (format->second == "vasolab-checkpoint-1") return "VasoLab checkpoint";
  }
  const Facts facts(file, encoder);
  const std::string_view family = encoder.family->name;
  return family == "timm"           ? recognise_timm(facts)
         : family == "transformers" ? recognise_transformers(facts)
                                    : "DINOv3 (transformers)";
}

std::optional<std::string_view> name_within(const FoundEncoder& encoder, const Tensor& tensor) {
  if (tensor.group != encoder.group || !tensor.name.starts_with(encoder.prefix)) return std::nullopt;
  return std::string_view(tensor.name).substr(encoder.prefix.size());
}

std::optional<BlockName> block_name(const KeyFamily& family, std::string_view name) {
  if (!name.starts_with(family.block)) return std::nullopt;
  name.remove_prefix(family.block.size());
  auto block = take_number(name);
  if (!block) return std::nullopt;
  if (const auto second = take_number(name)) block = second;
  return BlockName{*block, name};
}

}  // namespace vaso::weights
