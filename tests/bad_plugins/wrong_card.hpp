// A library whose card is this host's but for one change, and whose entry must never be called.
#pragma once

#include "sdk/fingerprint.h"

#include <cstddef>
#include <cstdlib>

template <std::size_t N, std::size_t M>
constexpr void set(char (&field)[N], const char (&text)[M]) {
  for (std::size_t i = 0; i < N; ++i) field[i] = i < M ? text[i] : '\0';
}

#define PLAIN_CARD(...) \
  extern "C" constinit const VasoCard vaso_plugin_card __attribute__((section(VASO_CARD_SECTION), used)) = __VA_ARGS__

#define WRONG_CARD(CHANGE)                                           \
  constexpr VasoCard changed(VasoCard card) {                        \
    CHANGE;                                                          \
    return card;                                                     \
  }                                                                  \
  PLAIN_CARD(changed(VASO_CARD("wrong", "1.0.0", "masking.wrong"))); \
  extern "C" void vaso_plugin_entry(void*) { std::abort(); }
