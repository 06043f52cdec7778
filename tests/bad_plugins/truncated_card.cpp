#include "sdk/card.h"

// Says that it is as long as a whole card, but ends after the first fields.
struct Start {
  char magic[8];
  uint32_t size, sdk, standard, cxx11_abi;
};
extern "C" const Start vaso_plugin_card __attribute__((section(VASO_CARD_SECTION), used)) = {
    {'V', 'A', 'S', 'O', 'C', 'A', 'R', 'D'}, sizeof(VasoCard), VASO_SDK_NUMBER, 202002, 1};
extern "C" void vaso_plugin_entry(void*) {}
