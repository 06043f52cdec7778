/* How a card describes the compiler and libraries at hand.
 *
 * One spelling for both sides: VASO_PLUGIN writes it into a plugin, registry/plugins/host_card.cpp into the host.
 * Includes nothing but macros, so that the registry can use it without LibTorch.
 */
#ifndef VASO_SDK_FINGERPRINT_H
#define VASO_SDK_FINGERPRINT_H

#include "sdk/card.h"

#include <torch/version.h>
#include <cstddef> /* any header of libstdc++ defines _GLIBCXX_USE_CXX11_ABI */
#include <opencv2/core/version.hpp>

#define VASO_TEXT_(x) #x
#define VASO_TEXT(x) VASO_TEXT_(x)
#define VASO_DOTTED(a, b, c) VASO_TEXT(a) "." VASO_TEXT(b) "." VASO_TEXT(c)

#ifdef __clang__ /* which also claims to be an old gcc */
#define VASO_COMPILER_WORD "clang " VASO_DOTTED(__clang_major__, __clang_minor__, __clang_patchlevel__)
#else
#define VASO_COMPILER_WORD "gcc " VASO_DOTTED(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)
#endif
#define VASO_LIBTORCH_WORD VASO_DOTTED(TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, TORCH_VERSION_PATCH)
#ifdef NDEBUG
#define VASO_BUILD_WORD "release"
#else
#define VASO_BUILD_WORD "debug"
#endif

/* clang-format off */
#define VASO_CARD(ID, VERSION, COMPONENTS)                                                                          \
  {{'V', 'A', 'S', 'O', 'C', 'A', 'R', 'D'}, sizeof(VasoCard), VASO_SDK_NUMBER, static_cast<uint32_t>(__cplusplus), \
   _GLIBCXX_USE_CXX11_ABI, VASO_COMPILER_WORD, VASO_LIBTORCH_WORD, CV_VERSION, VASO_BUILD_WORD,                      \
   ID, VERSION, COMPONENTS}
/* clang-format on */

#endif
