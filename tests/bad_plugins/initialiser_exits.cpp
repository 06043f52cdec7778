#include "wrong_card.hpp"

#include <unistd.h>

PLAIN_CARD(VASO_CARD("initialiser-exits", "1.0.0", "masking.initialiser_exits"));

const int left = [] {
  ::_exit(3);
  return 0;
}();
extern "C" void vaso_plugin_entry(void*) {}
