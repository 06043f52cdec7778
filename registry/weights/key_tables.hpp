// How others call the tensors of a vision transformer, and what each is to our encoder.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vaso::weights {

enum class Role {
  copy,   // the same tensor under another name
  query,  // rows of `ours`, which holds query, key and value one after the other
  key,
  value,
  scale,   // LayerScale: multiplies the rows of `ours`.weight and `ours`.bias
  mask,    // DINOv3's mask of `ours`, a bias: that of the key counts as zero
  shared,  // one for all blocks: `ours` of each
  drop,    // does not change what the encoder gives; `ours` says why
  refuse,  // changes it in a way our encoder cannot; `ours` says how
};

struct Key {
  std::string_view theirs;  // after a '.' or '*' at its end anything may follow; anything may stand before a '*'
  std::string_view ours;    // a name, or a reason
  Role role = Role::copy;
};

// One way to name the tensors of a network.
struct KeyFamily {
  const char* name;             // "timm", "transformers"
  std::string_view anchor;      // the tensor by which an encoder of this family is found
  std::string_view block;       // what stands before the number of a block: "blocks."
  std::span<const Key> top;     // outside blocks; what is not listed is dropped
  std::span<const Key> inside;  // within a block; what is not listed is refused
};

std::span<const KeyFamily> key_families();

// The entry for a name; nullptr where there is none.
const Key* find_key(std::span<const Key> keys, std::string_view name);

}  // namespace vaso::weights
