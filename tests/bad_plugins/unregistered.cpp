#include "keep_all.hpp"

VASO_PLUGIN("unregistered", "1.0.0", "masking.unregistered masking.promised") {
  plugins.add<KeepAll, vaso::NoParameters>("unregistered", "is registered, masking.promised is not");
}
