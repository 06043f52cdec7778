#include "sdk/plugin.hpp"

VASO_PLUGIN("entry-throws-int", "1.0.0", "masking.entry_throws_int") {
  static_cast<void>(plugins);
  throw 42;
}
