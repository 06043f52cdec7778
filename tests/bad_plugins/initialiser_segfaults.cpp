#include "wrong_card.hpp"

#include <csignal>

PLAIN_CARD(VASO_CARD("initialiser-segfaults", "1.0.0", "masking.initialiser_segfaults"));

const int crashed = std::raise(SIGSEGV);
extern "C" void vaso_plugin_entry(void*) {}
