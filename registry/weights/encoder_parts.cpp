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
    MadeTensor& target = made(ours);
    (key.role == Role::query   ? target.query
     : key.role == Role::key   ? target.key
     : key.role == Role::value ? target.value
                               : target.whole) = &tensor;
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
    derive_grid();
    shape.heads = heads();
  }

  // A table may have a row for the class token or not (timm's no_embed_class).
  void derive_grid() {
    EncoderShape& shape = parts_.shape;
    const Tensor* table = whole("pos_embed");
    if (table == nullptr) {
      if (parts_.obstacles.empty()) obstacle("no table of positions", "our encoder needs one");
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
    } else if (shape.grid * shape.grid == rows) {
      parts_.made["pos_embed"].zero_row_first = true;
    }
  }

  std::int64_t heads() const {
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
  std::vector<std::pair<std::string, const Tensor*>> scales_;
};

}  // namespace

EncoderParts sort_parts(const WeightFile& file, const FoundEncoder& encoder) { return Sorter(file, encoder).sort(); }

}  // namespace vaso::weights
