// What every swappable part has in common.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace torch::nn {
class Module;
}

#define VASO_API __attribute__((visibility("default")))

namespace vaso {

// Tensors by name: a batch, what an objective computed, or a component's state.
using Bag = std::map<std::string, at::Tensor>;

// The sizes a run is built around. Known before any component is made.
struct RunShape {
  std::int64_t image_size = 224;  // side of the square view, pixels
  std::int64_t patch_size = 16;   // side of a patch, pixels
  std::int64_t encoder_dim = 768;
  std::int64_t encoder_depth = 12;
  std::int64_t encoder_heads = 12;
  std::int64_t samples = 0;  // images in the training set
  std::int64_t epochs = 0;

  std::int64_t grid() const { return image_size / patch_size; }
  std::int64_t tokens() const { return grid() * grid(); }                    // L
  std::int64_t patch_values() const { return 3 * patch_size * patch_size; }  // P
};

// Base of all interfaces. A component is made once per run, used by one thread at a time unless a method is tagged
// [any thread], and destroyed before the process ends; its library is never unloaded.
//
// All that a component remembers beyond its parameters goes through state() and set_state(): that is what makes a
// resumed run equal to an uninterrupted one. Weights of networks it made are saved by the host.
class VASO_API Component {
 public:
  Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  virtual ~Component();

  virtual Bag state() const;
  virtual void set_state(const Bag& state);
};

}  // namespace vaso
