#include "wrong_card.hpp"

#include <csignal>

PLAIN_CARD(VASO_CARD("entry-segfaults", "1.0.0", "masking.entry_segfaults"));

extern "C" void vaso_plugin_entry(void*) { std::raise(SIGSEGV); }
