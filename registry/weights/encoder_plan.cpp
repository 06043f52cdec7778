#include "weights/encoder_plan.hpp"

#include "weights/name_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vaso::weights {
namespace {

using New = MadeTensor::New;

// Remarks of the same text become one line, their names summarised.
std::string listed(const std::vector<Remark>& remarks) {
  constexpr std::size_t most = 12;
  std::vector<std::string> texts;
  std::map<std::string, std::vector<std::string>> names;
  for (const Remark& remark : remarks) {
    if (names[remark.text].empty()) texts.push_back(remark.text);
    names[remark.text].push_back(remark.name);
  }
  std::string lines;
  for (const std::string& text : texts) {
    const auto groups = summarise(names[text]);
    lines += fmt::format("\n  {}: {}", groups.front().name, text);
    for (std::size_t i = 1; i < groups.size() && i < most; ++i)
      lines += fmt::format("\n  {}: the same", groups[i].name);
    if (groups.size() > most) lines += fmt::format("\n  … and {} more", groups.size() - most);
  }
  return lines;
}

FoundEncoder choose(const std::vector<FoundEncoder>& found, const std::string& part, const Complaint& complain) {
  if (found.empty()) {
    complain(
        "holds no vision transformer whose names are known here (patch_embed.proj.weight of timm, MAE and DINO, or "
        "embeddings.patch_embeddings.projection.weight of transformers); `vaso weights info` lists its tensors");
  }
  if (part.empty()) return found.front();
  std::vector<std::string> places;
  for (const FoundEncoder& encoder : found) {
    if (part == encoder.place() || part == encoder.group || part == encoder.prefix) return encoder;
    places.push_back(fmt::format("\"{}\"", encoder.place()));
  }
  complain("has no encoder at \"{}\"; it has them at {}", part, fmt::join(places, ", "));
}

class Planner {
 public:
  Planner(const WeightFile& file, const PlanOptions& options) : options_(options), complain_(file.file) {
    const auto found = find_encoders(file);
    plan_.encoder = choose(found, options.part, complain_);
    plan_.source = recognise(file, plan_.encoder);
    for (const FoundEncoder& other : found) {
      if (other.place() != plan_.encoder.place()) plan_.others.push_back(other.place());
    }
    parts_ = sort_parts(file, plan_.encoder);
    plan_.dropped = parts_.dropped;
    plan_.shape = parts_.shape;
    if (options.heads > 0) plan_.shape.heads = options.heads;
  }

  EncoderPlan plan() {
    check_architecture();
    if (!parts_.obstacles.empty()) {
      complain_("is {} and holds what our encoder cannot represent:{}", plan_.source, listed(parts_.obstacles));
    }
    check_heads();
    EncoderShape& shape = plan_.shape;
    const std::int64_t dim = shape.dim, grid = shape.grid;
    if (options_.allow_missing && shape.positions == "table" && !shape.relative && !shape.class_token) {
      shape.class_token = true;
      parts_.made["pos_embed"].zero_row_first = true;
    }
    if (shape.class_token) add("cls_token", {1, 1, dim});
    if (shape.registers > 0) add("register_tokens", {1, shape.registers, dim});
    if (shape.positions == "table") add("pos_embed", {1, (shape.class_token ? 1 : 0) + grid * grid, dim});
    if (shape.positions == "rotary") add("rope_embed.periods", {dim / shape.heads / 4});
    add("patch_embed.proj.weight", {dim, 3, plan_.shape.patch, plan_.shape.patch});
    add("patch_embed.proj.bias", {dim});
    for (std::int64_t i = 0; i < plan_.shape.depth; ++i) add_block(fmt::format("blocks.{}.", i));
    if (shape.final_norm) {
      add("norm.weight", {dim});
      add("norm.bias", {dim});
    }
    if (!faults_.empty()) {
      complain_("is {}, and its tensors do not fit together; the file is damaged, or of a variant not known here:{}",
                plan_.source, listed(faults_));
    }
    check_missing();
    return std::move(plan_);
  }

 private:
  void check_architecture() const {
    if (options_.architecture.empty()) return;
    const auto wanted = named_architecture(options_.architecture);
    if (!wanted) {
      complain_("there is no architecture {}; names are like {}", options_.architecture,
                fmt::join(architecture_names(), ", "));
    }
    const EncoderShape& shape = plan_.shape;
    if (shape.dim == wanted->dim && shape.depth == wanted->depth && shape.patch == wanted->patch) return;
    complain_("holds {}, not {}", architecture_name(shape), options_.architecture);
  }

  void check_heads() const {
    const std::int64_t dim = plan_.shape.dim, heads = plan_.shape.heads;
    if (heads == 0) {
      complain_("no tensor tells how many heads its attention has, and {} is no usual width: say --heads N", dim);
    }
    if (heads < 0 || dim % heads != 0)
      complain_("its width of {} cannot be split over {} heads: say --heads N", dim, heads);
    if (plan_.shape.positions == "rotary" && dim / heads % 4 != 0) {
      complain_("has rotary positions, and its {} heads of {} values are no multiple of 4 wide: say --heads N", heads,
                dim / heads);
    }
  }

  void add_block(const std::string& block) {
    const std::int64_t dim = plan_.shape.dim;
    for (const char* norm : {"norm1", "norm2"}) {
      add(fmt::format("{}{}.weight", block, norm), {dim});
      add(fmt::format("{}{}.bias", block, norm), {dim});
    }
    add(block + "attn.qkv.weight", {3 * dim, dim});
    add(block + "attn.qkv.bias", {3 * dim});
    if (plan_.shape.positions == "relative_bias")
      add_as_stored(block + "attn.relative_position_bias_table", plan_.shape.heads);
    if (plan_.shape.relative) {
      add_as_stored(block + "attn.rel_pos_h", dim / plan_.shape.heads);
      add_as_stored(block + "attn.rel_pos_w", dim / plan_.shape.heads);
    }
    add(block + "attn.proj.weight", {dim, dim});
    add(block + "attn.proj.bias", {dim});
    add(block + "mlp.fc1.weight", {4 * dim, dim});
    add(block + "mlp.fc1.bias", {4 * dim});
    add(block + "mlp.fc2.weight", {dim, 4 * dim});
    add(block + "mlp.fc2.bias", {dim});
  }

  // A table of distances: how many rows it has depends on the window of its block.
  void add_as_stored(const std::string& name, std::int64_t columns) {
    const auto found = parts_.made.find(name);
    const Tensor* stored = found == parts_.made.end() ? nullptr : found->second.whole;
    add(name, {stored == nullptr || stored->shape.empty() ? 1 : stored->shape[0], columns});
  }

  void add(const std::string& name, Shape shape) {
    MadeTensor made;
    if (const auto found = parts_.made.find(name); found != parts_.made.end()) made = found->second;
    made.name = name;
    made.shape = std::move(shape);
    if (made.from_file()) {
      if (fits(made)) note(made);
    } else {
      fill(made);
    }
    plan_.tensors.push_back(std::move(made));
  }

  bool fault(const std::string& name, std::string text) {
    faults_.push_back({name, std::move(text)});
    return false;
  }

  bool fits(const MadeTensor& made) {
    const auto expect = [&](const Tensor& tensor, const Shape& shape) {
      if (!is_real(tensor.type)) return fault(tensor.full_name(), fmt::format("is of type {}", name_of(tensor.type)));
      // Axes of extent 1 come and go: a class token is D, 1×D or 1×1×D.
      const auto bare = [](Shape all) {
        all.erase(std::remove(all.begin(), all.end(), 1), all.end());
        return all;
      };
      if (bare(tensor.shape) == bare(shape)) return true;
      return fault(tensor.full_name(), fmt::format("{}, and {} was expected", to_text(tensor.shape), to_text(shape)));
    };
    bool good = true;
    if (made.scale != nullptr) good = expect(*made.scale, {made.shape[0]});
    if (made.mask != nullptr) good = expect(*made.mask, {made.shape[0]}) && good;
    if (made.joined()) {
      if (made.whole != nullptr && made.whole->count() > 0)
        good = fault(made.whole->full_name(), "stands beside query, key and value of its own");
      Shape part = made.shape;
      part[0] /= 3;
      for (const Tensor* each : {made.query, made.key, made.value}) {
        if (each == nullptr && made.name.ends_with(".weight"))
          good = fault(made.name, "query, key or value is missing");
        else if (each != nullptr)
          good = expect(*each, part) && good;
      }
      return good;
    }
    Shape whole = made.shape;
    if (made.zero_row_first) whole[1] -= 1;
    const Shape& stored = made.whole->shape;  // SAM's positions are a map: 1×g×g×D
    if (made.name == "pos_embed" && !plan_.shape.class_token && stored.size() == 4)
      whole = {1, plan_.shape.grid, plan_.shape.grid, plan_.shape.dim};
    return expect(*made.whole, whole) && good;
  }

  void note(const MadeTensor& made) {
    for (const Tensor* part : {made.whole, made.query, made.key, made.value, made.scale}) {
      if (part == nullptr || part->type == Type::f32) continue;
      const std::string type = name_of(part->type);
      if (std::find(plan_.types.begin(), plan_.types.end(), type) == plan_.types.end()) plan_.types.push_back(type);
    }
    std::vector<std::string> what;
    if (made.joined()) {
      what.emplace_back("query, key and value joined");
      for (const auto& [part, name] : {std::pair(made.query, "query"), {made.key, "key"}, {made.value, "value"}}) {
        if (part == nullptr) what.push_back(fmt::format("no bias of the {}: zeros, which is the same", name));
      }
    }
    if (made.scale != nullptr) what.emplace_back("LayerScale multiplied into it");
    if (made.mask != nullptr) what.emplace_back("the bias of the key masked: zeros");
    if (made.zero_row_first) what.emplace_back("a row of zeros added for the class token");
    if (made.whole != nullptr && !made.zero_row_first && made.whole->shape != made.shape)
      what.push_back(fmt::format("{} as {}", to_text(made.whole->shape), to_text(made.shape)));
    if (what.empty()) {
      plan_.taken.push_back(made.name);
    } else {
      plan_.changed.push_back({made.name, fmt::format("{}", fmt::join(what, ", "))});
    }
  }

  // A network without any bias of query, key and value is the same as one with zeros there. A class token and the last
  // norm may be declared new; a part of a block may not.
  void fill(MadeTensor& made) {
    const bool bias = made.name.ends_with("attn.qkv.bias") && !has_any_qkv_bias();
    const bool computed = made.name == "rope_embed.periods";
    if (computed) {
      made.fill = New::rotary_periods;
      plan_.changed.push_back({made.name, "computed, as DINOv3 does: the file has none"});
      return;
    }
    made.fill = made.name == "cls_token"     ? New::normal
                : made.name == "norm.weight" ? New::ones
                : made.name == "norm.bias"   ? New::zeros
                : bias                       ? New::zeros
                                             : New::no;
    if (bias) {
      plan_.changed.push_back({made.name, "the network has none: zeros, which is the same"});
    } else if (made.fill == New::no) {
      fault(made.name, "missing");
    } else {
      plan_.filled.push_back({made.name, made.fill == New::normal ? "new, normal with deviation 0.02"
                                         : made.fill == New::ones ? "new, ones"
                                                                  : "new, zeros"});
    }
  }

  bool has_any_qkv_bias() const {
    return std::any_of(parts_.made.begin(), parts_.made.end(), [](const auto& item) {
      return item.first.ends_with("attn.qkv.bias") && item.second.from_file();
    });
  }

  void check_missing() const {
    if (options_.allow_missing || plan_.filled.empty()) return;
    std::string names, why;
    for (const Remark& remark : plan_.filled) {
      names.append(names.empty() ? "" : ", ").append(remark.name);
      why =
          "\n  The last norm is replaced by one that has not learnt (it was trained for averaged tokens, or removed).";
    }
    complain_("is {} and lacks {}.{}\n  --allow-missing fills what is missing with new values", plan_.source, names,
              why);
  }

  const PlanOptions& options_;
  Complaint complain_;
  EncoderParts parts_;
  EncoderPlan plan_;
  std::vector<Remark> faults_;
};

}  // namespace

EncoderPlan plan_encoder(const WeightFile& file, const PlanOptions& options) { return Planner(file, options).plan(); }

}  // namespace vaso::weights
