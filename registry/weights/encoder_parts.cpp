#include "weights/encoder_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace vaso::weights {
namespace {

class Sorter {
 public:
  Sorter(const WeightFile& file, const FoundEncoder& encoder) : file_(file), encoder_(encoder) {}

  EncoderParts sort() {
    for (const Tensor& tensor : file_.tensors) {
      const auto name = name_within(encoder_, tensor);
      if (!name) continue;
      if (const auto block = block_name(*encoder_.family, *name)) {
        blocks_.insert(block->block);
        const Key* key = find_key(encoder_.family->inside, block->rest);
        const Key unknown = {"", "a part of a block that is not known here", Role::refuse};
        place(tensor, key == nullptr ? unknown : *key, fmt::format("blocks.{}.", block->block));
      } else {
        const Key* key = find_key(encoder_.family->top, *name);
        const Key unknown = {"", "not of the encoder", Role::drop};
        place(tensor, key == nullptr ? unknown : *key, "");
      }
    }
    share();
    fold_scales();
    derive_shape();
    return std::move(parts_);
  }

 private:
  MadeTensor& made(const std::string& name) {
    MadeTensor& made = parts_.made[name];
    made.name = name;
    return made;
  }

  void place(const Tensor& tensor, const Key& key, const std::string& block) {
    const std::string text(key.ours), ours = block + text;
    if (key.role == Role::drop) {
      parts_.dropped.push_back({tensor.full_name(), text});
      return;
    }
    parts_.parameters += tensor.count();
    if (key.role == Role::refuse) {
      parts_.obstacles.push_back({tensor.full_name(), text});
      return;
    }
    if (key.role == Role::scale) {
      scales_.emplace_back(ours, &tensor);
      return;
    }
    if (key.role == Role::shared) {
      shared_.emplace_back(text, &tensor);
      return;
    }
    MadeTensor& target = made(ours);
    if (key.role == Role::mask) {
      target.mask = &tensor;
      return;
    }
    (key.role == Role::query   ? target.query
     : key.role == Role::key   ? target.key
     : key.role == Role::value ? target.value
                               : target.whole) = &tensor;
  }

  // As the fine-tunings of BEiT and SimMIM do.
  void share() {
    for (const auto& [name, tensor] : shared_) {
      for (const std::int64_t block : blocks_) made(fmt::format("blocks.{}.{}", block, name)).whole = tensor;
    }
  }

  void fold_scales() {
    for (const auto& [layer, scale] : scales_) {
      for (const char* kind : {".weight", ".bias"}) made(layer + kind).scale = scale;
    }
  }

  const Tensor* whole(const std::string& name) const {
    const auto found = parts_.made.find(name);
    return found == parts_.made.end() ? nullptr : found->second.whole;
  }

  void obstacle(const std::string& name, std::string text) { parts_.obstacles.push_back({name, std::move(text)}); }

  void derive_shape() {
    EncoderShape& shape = parts_.shape;
    shape.class_token = whole("cls_token") != nullptr;
    shape.depth = static_cast<std::int64_t>(blocks_.size());
    if (!blocks_.empty() && *blocks_.rbegin() + 1 != shape.depth)
      obstacle(fmt::format("block {}", *blocks_.rbegin()), "the last one, and some before it are missing");
    if (const Tensor* patch = whole("patch_embed.proj.weight"); patch != nullptr) {
      if (patch->shape.size() == 4 && patch->shape[2] == patch->shape[3] && patch->count() > 0) {
        shape.dim = patch->shape[0];
        shape.patch = patch->shape[2];
        if (patch->shape[1] != 3)
          obstacle(patch->full_name(), fmt::format("{} channels of the image, and ours has 3", patch->shape[1]));
      } else {
        obstacle(patch->full_name(),
                 fmt::format("{}, which is no convolution of square patches", to_text(patch->shape)));
      }
    }
    if (const Tensor* first = whole("blocks.0.mlp.fc1.weight");
        shape.dim > 0 && first != nullptr && !first->shape.empty() && first->shape[0] != 4 * shape.dim) {
      obstacle(first->full_name(),
               fmt::format("{} values inside the MLP, and ours has 4·{}", first->shape[0], shape.dim));
    }
    shape.heads = heads();
    derive_traits();
    derive_grid();
  }

  // The tensor of every block; nothing is said where one lacks it: that is found when the blocks are filled.
  const Tensor* of_a_block(const char* name) const {
    for (const std::int64_t block : blocks_) {
      if (const Tensor* found = whole(fmt::format("blocks.{}.{}", block, name)); found != nullptr) return found;
    }
    return nullptr;
  }

  // Files of DINOv3 by timm and transformers hold no periods: they have registers, and no other positions.
  void derive_traits() {
    EncoderShape& shape = parts_.shape;
    const Tensor* registers = whole("register_tokens");
    if (registers != nullptr && registers->shape.size() >= 2)
      shape.registers = registers->shape[registers->shape.size() - 2];
    shape.relative = of_a_block("attn.rel_pos_h") != nullptr;
    const bool bias = of_a_block("attn.relative_position_bias_table") != nullptr;
    const bool dinov3 = std::string_view(encoder_.family->name).starts_with("DINOv3");
    const bool said = file_.metadata.contains("positions") && file_.metadata.at("positions") == "rotary";
    const bool rotary = whole("rope_embed.periods") != nullptr || dinov3 || said;
    const bool table = whole("pos_embed") != nullptr;
    if (rotary || (registers != nullptr && !table && !bias && !shape.relative)) {
      shape.positions = "rotary";
      constexpr double of_dinov3 = 1e-5;
      shape.norm_eps = of_dinov3;
    } else if (bias) {
      shape.positions = "relative_bias";
    } else if (!table && shape.relative) {
      shape.positions = "none";
    }
    if (table && shape.positions != "table") {
      obstacle(whole("pos_embed")->full_name(),
               fmt::format("a table of positions beside positions of another kind ({})", shape.positions));
    }
    if (const auto eps = file_.metadata.find("norm_eps"); eps != file_.metadata.end()) {
      const double value = std::strtod(eps->second.c_str(), nullptr);
      if (value > 0 && value < 1) shape.norm_eps = value;
    }
    if (shape.relative && whole("norm.weight") == nullptr) shape.final_norm = false;
  }

  // A table may have a row for the class token or not (timm's no_embed_class).
  void derive_grid() {
    EncoderShape& shape = parts_.shape;
    const Tensor* table = whole("pos_embed");
    if (table == nullptr) {
      shape.grid = grid_of_distances();
      if (parts_.obstacles.empty() && shape.positions == "table")
        obstacle("no positions", "neither a table of them, nor periods of rotary ones, nor relative ones");
      return;
    }
    if (shape.dim == 0 || table->shape.empty() || table->shape.back() != shape.dim) return;
    const std::int64_t rows = table->count() / shape.dim;
    const auto root = [](std::int64_t square) {
      const auto side =
          static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(std::max<std::int64_t>(square, 0)))));
      return side * side == square ? side : 0;
    };
    shape.grid = shape.class_token && root(rows - 1) > 0 ? root(rows - 1) : root(rows);
    if (shape.grid == 0) {
      obstacle(table->full_name(), fmt::format("{} positions, which are no square of patches", rows));
    } else if (shape.class_token && shape.grid * shape.grid == rows) {
      parts_.made["pos_embed"].zero_row_first = true;
    }
  }

  // Of relative positions: 2g − 1 rows where a block attends everywhere, (2g − 1)² + 3 of a bias. An encoder with
  // rotary positions fits any grid; ours is told the size by the file, or takes DINOv3's.
  std::int64_t grid_of_distances() const {
    const EncoderShape& shape = parts_.shape;
    if (shape.positions == "rotary") {
      const auto own = file_.metadata.find("image_size");
      const std::int64_t image = own == file_.metadata.end() ? 0 : std::strtoll(own->second.c_str(), nullptr, 10);
      constexpr std::int64_t usual_image = 224;
      return shape.patch > 0 ? std::clamp<std::int64_t>(image > 0 ? image : usual_image, 0, 1 << 20) / shape.patch : 0;
    }
    std::int64_t most = 0;
    for (const std::int64_t block : blocks_) {
      if (const Tensor* rows = whole(fmt::format("blocks.{}.attn.rel_pos_h", block));
          rows != nullptr && !rows->shape.empty())
        most = std::max(most, rows->shape[0]);
    }
    if (const Tensor* bias = of_a_block("attn.relative_position_bias_table"); bias != nullptr && !bias->shape.empty())
      most = std::llround(std::sqrt(static_cast<double>(bias->shape[0])));
    return most / 2 + most % 2;
  }

  // How many times one number goes into another, where it does.
  static std::int64_t times(std::int64_t number, std::int64_t into) {
    return number > 0 && into > 0 && into % number == 0 ? into / number : 0;
  }

  std::int64_t heads() const {
    const std::int64_t dim = parts_.shape.dim;
    const auto extent = [](const Tensor* tensor, std::size_t axis) {
      return tensor != nullptr && tensor->shape.size() > axis ? tensor->shape[axis] : 0;
    };
    if (const auto periods = extent(whole("rope_embed.periods"), 0); periods > 0 && periods <= dim)
      return times(4 * periods, dim);
    if (const auto width = extent(of_a_block("attn.rel_pos_h"), 1); width > 0) return times(width, dim);
    if (const auto heads = extent(of_a_block("attn.relative_position_bias_table"), 1); heads > 0) return heads;
    if (const auto own = file_.metadata.find("heads"); own != file_.metadata.end()) {
      const std::int64_t heads = std::strtoll(own->second.c_str(), nullptr, 10);
      if (heads > 0) return heads;
    }
    constexpr std::int64_t small = 384, of_moco = 12;  // facebookresearch/moco-v3, vits.py: twelve heads, not six
    if (parts_.shape.dim == small && recognise(file_, encoder_) == "MoCo v3") return of_moco;
    return usual_heads(parts_.shape.dim);
  }

  const WeightFile& file_;
  const FoundEncoder& encoder_;
  EncoderParts parts_;
  std::set<std::int64_t> blocks_;
  std::vector<std::pair<std::string, const Tensor*>> scales_, shared_;
};

}  // namespace

EncoderParts sort_parts(const WeightFile& file, const FoundEncoder& encoder) { return Sorter(file, encoder).sort(); }

}  // namespace vaso::weights
