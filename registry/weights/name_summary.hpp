// Many names of tensors in few lines: "blocks.0–11.attn.qkv.weight".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vaso::weights {

struct NameGroup {
  std::string name;  // with a range where the names differ in one number
  std::int64_t count = 0;
};

// Names that differ in their first number alone become one, in the order of first appearance.
std::vector<NameGroup> summarise(const std::vector<std::string>& names);

}  // namespace vaso::weights
