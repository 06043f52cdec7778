#include "wrong_card.hpp"

#include <stdexcept>

PLAIN_CARD(VASO_CARD("initialiser-throws", "1.0.0", "masking.initialiser_throws"));

const int thrown = []() -> int { throw std::runtime_error("no licence server on Sundays"); }();
extern "C" void vaso_plugin_entry(void*) {}
