#include "wrong_card.hpp"

PLAIN_CARD(VASO_CARD("undefined-symbol", "1.0.0", "masking.undefined_symbol"));

void defined_in_no_library();
extern "C" void vaso_plugin_entry(void*) { defined_in_no_library(); }
