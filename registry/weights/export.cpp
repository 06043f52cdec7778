#include "weights/import.hpp"
#include "weights/output_file.hpp"
#include "weights/timm.hpp"
#include "weights/writers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>

namespace vaso::weights {
namespace {

// The names of transformers for what has one; query, key and value are parts of a tensor of ours.
struct Renamed {
  std::string_view ours, theirs;
};
constexpr Renamed outside[] = {
    {"cls_token", "embeddings.cls_token"},
    {"pos_embed", "embeddings.position_embeddings"},
    {"patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight"},
    {"patch_embed.proj.bias", "embeddings.patch_embeddings.projection.bias"},
    {"norm.weight", "layernorm.weight"},
    {"norm.bias", "layernorm.bias"},
};
constexpr Renamed layers[] = {
    {"norm1", "layernorm_before"}, {"attn.proj", "attention.output.dense"},
    {"norm2", "layernorm_after"},  {"mlp.fc1", "intermediate.dense"},
    {"mlp.fc2", "output.dense"},
};

class Exporter {
 public:
  Exporter(const EncoderPlan& plan, const WeightFile& from) : plan_(plan), from_(from), complain_(from.file) {}

  std::vector<NamedValues> with_our_names() const {
    std::vector<NamedValues> all;
    for (const MadeTensor& made : plan_.tensors) all.push_back(as_is(made, made.name));
    return all;
  }

  std::vector<NamedValues> with_names_of_transformers() const {
    std::vector<NamedValues> all;
    for (const MadeTensor& made : plan_.tensors) {
      if (const auto own = block_name(key_families().front(), made.name)) {
        add_of_block(all, made, *own);
      } else {
        for (const Renamed& each : outside) {
          if (made.name == each.ours) all.push_back(as_is(made, std::string(each.theirs)));
        }
      }
    }
    return all;
  }

  // What MAE's own network has besides the encoder; nothing where only a part of it is there: DINOv2 has a mask token
  // too.
  std::vector<NamedValues> decoder() const {
    static constexpr std::string_view names[] = {"mask_token",      "decoder_pos_embed", "decoder_embed.",
                                                 "decoder_blocks.", "decoder_norm.",     "decoder_pred."};
    std::vector<NamedValues> all;
    std::set<std::string_view> seen;
    for (const Tensor& tensor : from_.tensors) {
      const auto name = name_within(plan_.encoder, tensor);
      if (!name || !is_real(tensor.type)) continue;
      for (const std::string_view known : names) {
        if (known.ends_with('.') ? !name->starts_with(known) : *name != known) continue;
        seen.insert(known);
        all.push_back({std::string(*name), tensor.shape, [&tensor] { return to_floats(tensor); }});
      }
    }
    return seen.size() == std::size(names) ? all : std::vector<NamedValues>();
  }

 private:
  NamedValues as_is(const MadeTensor& made, std::string name) const {
    return {std::move(name), made.shape, [this, &made] { return made.values(complain_); }};
  }

  void add_of_block(std::vector<NamedValues>& all, const MadeTensor& made, const BlockName& name) const {
    const std::string block = fmt::format("encoder.layer.{}.", name.block);
    const std::string_view kind = name.rest.substr(name.rest.rfind('.') + 1);
    const std::string_view layer = name.rest.substr(0, name.rest.rfind('.'));
    if (layer == "attn.qkv") {
      for (std::size_t part = 0; part < 3; ++part) {
        constexpr const char* names[] = {"query", "key", "value"};
        Shape shape = made.shape;
        shape[0] /= 3;
        all.push_back(
            {fmt::format("{}attention.attention.{}.{}", block, names[part], kind), shape, [this, &made, part] {
               const std::vector<float> values = made.values(complain_);
               const auto third = static_cast<std::ptrdiff_t>(values.size() / 3);
               const auto begin = values.begin() + static_cast<std::ptrdiff_t>(part) * third;
               return std::vector<float>(begin, begin + third);
             }});
      }
      return;
    }
    for (const Renamed& each : layers) {
      if (layer == each.ours) all.push_back(as_is(made, fmt::format("{}{}.{}", block, each.theirs, kind)));
    }
  }

  const EncoderPlan& plan_;
  const WeightFile& from_;
  Complaint complain_;
};

// transformers' ViTConfig. layer_norm_eps is that of our encoder.
std::string vit_config(const EncoderShape& shape) {
  const nlohmann::ordered_json config = {{"architectures", {"ViTModel"}},
                                         {"model_type", "vit"},
                                         {"hidden_size", shape.dim},
                                         {"num_hidden_layers", shape.depth},
                                         {"num_attention_heads", shape.heads},
                                         {"intermediate_size", 4 * shape.dim},
                                         {"hidden_act", "gelu"},
                                         {"hidden_dropout_prob", 0.0},
                                         {"attention_probs_dropout_prob", 0.0},
                                         {"initializer_range", 0.02},
                                         {"layer_norm_eps", 1e-6},
                                         {"image_size", shape.image()},
                                         {"patch_size", shape.patch},
                                         {"num_channels", 3},
                                         {"qkv_bias", true},
                                         {"torch_dtype", "float32"}};
  return config.dump(2) + "\n";
}

bool is_torch_file(const std::filesystem::path& file) {
  return file.extension() == ".pth" || file.extension() == ".pt" || file.extension() == ".bin";
}

// What the networks of MAE and of transformers' ViTModel cannot hold is not written for them.
void check_traits(const EncoderShape& shape, const Complaint& complain) {
  std::string traits = shape.traits();
  if (shape.relative) traits.append(traits.empty() ? "" : ", ").append("relative positions");
  if (traits.empty()) return;
  complain(
      "the network of this layout differs from the encoder ({}), so it cannot be exported to it; --to timm and "
      "--to torchscript know more networks",
      traits);
}

// transformers refuses a safetensors file that does not say which framework it is for. The rest is what names and
// shapes of timm do not tell: for importing it again.
std::map<std::string, std::string> metadata(const EncoderShape& shape) {
  return {{"format", "pt"},
          {"heads", std::to_string(shape.heads)},
          {"image_size", std::to_string(shape.image())},
          {"norm_eps", fmt::format("{:g}", shape.norm_eps)},
          {"positions", shape.positions}};
}

}  // namespace

Exported export_encoder(const EncoderPlan& plan, const WeightFile& from, Layout layout,
                        const std::filesystem::path& to) {
  const Complaint complain(from.file);
  if (layout != Layout::timm) check_traits(plan.shape, complain);
  const Exporter exporter(plan, from);
  Exported done;
  std::vector<NamedValues> tensors;
  if (layout == Layout::huggingface) {
    tensors = exporter.with_names_of_transformers();
    done.files = {to / "model.safetensors", to / "config.json"};
    write_safetensors(done.files[0], tensors, metadata(plan.shape));
    OutputFile config(done.files[1]);
    config.write(vit_config(plan.shape));
    config.commit();
  } else {
    if (layout == Layout::timm) {
      TimmEncoder timm = as_timm(plan, complain);
      tensors = std::move(timm.tensors);
      done.loading = std::move(timm.loading);
    } else {
      tensors = exporter.with_our_names();
      std::vector<NamedValues> decoder = exporter.decoder();
      done.decoder = !decoder.empty();
      std::move(decoder.begin(), decoder.end(), std::back_inserter(tensors));
    }
    done.files = {to};
    if (is_torch_file(to)) {
      write_torch_zip(to, "model", tensors);
    } else {
      write_safetensors(to, tensors, metadata(plan.shape));
    }
  }
  done.tensors = tensors.size();
  return done;
}

}  // namespace vaso::weights
