#include "plugins/card_reader.hpp"

#include "sdk/fingerprint.h"

namespace vaso::plugins {

VasoCard host_card() { return VASO_CARD("vasolab", "", ""); }

}  // namespace vaso::plugins
