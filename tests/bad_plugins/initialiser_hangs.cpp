#include "wrong_card.hpp"

#include <unistd.h>

PLAIN_CARD(VASO_CARD("initialiser-hangs", "1.0.0", "masking.initialiser_hangs"));

const int stuck = [] {
  for (;;) ::pause();
  return 0;
}();
extern "C" void vaso_plugin_entry(void*) {}
