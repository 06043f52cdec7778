#include "sdk/plugin.hpp"

#include <stdexcept>

VASO_PLUGIN("entry-throws", "1.0.0", "masking.entry_throws") {
  static_cast<void>(plugins);
  throw std::runtime_error("cannot find my tables");
}
