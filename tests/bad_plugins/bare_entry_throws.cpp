// An entry that VASO_PLUGIN did not make and that lets its exception out.
#include "wrong_card.hpp"

#include <stdexcept>

PLAIN_CARD(VASO_CARD("bare-entry-throws", "1.0.0", "masking.bare_entry_throws"));

extern "C" void vaso_plugin_entry(void*) { throw std::runtime_error("thrown past the door"); }
