// The names of Python that a checkpoint may mention, and what each means to a reader that runs nothing.
#pragma once

#include "weights/tensor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vaso::weights {

// What calling a global gives.
enum class Meaning {
  dictionary,  // collections.OrderedDict
  tensor,      // torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, …)
  parameter,   // torch._utils._rebuild_parameter(tensor, …): that tensor
  storage,     // torch.FloatStorage, …: never called, the type in a persistent id
  sizes,       // torch.Size(sequence): that sequence
  opaque,      // something known to hold settings or numbers, not weights: argparse.Namespace, numpy scalars
};

struct PickleGlobal {
  Meaning meaning;
  Type type = Type::f32;  // of a storage
};

// Nothing where the name is none of those that checkpoints of networks need.
std::optional<PickleGlobal> pickle_global(std::string_view module, std::string_view name);

// For a refused name: what it is there for, and what to do.
std::string why_refused(std::string_view module, std::string_view name);

}  // namespace vaso::weights
