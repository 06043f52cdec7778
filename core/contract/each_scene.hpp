#pragma once

#include "contract/scene.hpp"

#include "sdk/schema.hpp"

namespace vaso::contract {

// Calls `visit` with every scene. A component may refuse a grid or patch size with a ParameterError, but not the usual
// ones. Returns how many it served.
template <class Visit>
int each_scene(const Visit& visit) {
  int served = 0;
  for (const Scene& scene : scenes()) {
    try {
      visit(scene);
      ++served;
    } catch (const ParameterError&) {
      if (scene.shape.patch_size == small_shape().patch_size) throw;
    }
  }
  return served;
}

}  // namespace vaso::contract
