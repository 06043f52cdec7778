#include "keep_all.hpp"

VASO_PLUGIN("unlisted", "1.0.0", "masking.unlisted") {
  plugins.add<KeepAll, vaso::NoParameters>("unlisted", "is on the card");
  plugins.add<KeepAll, vaso::NoParameters>("stowaway", "is not");
}
