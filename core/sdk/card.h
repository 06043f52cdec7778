/* A plugin's card: what the host reads from the library's file before it loads anything.
 *
 * The card is a plain ELF section named ".vaso_plugin" that holds one VasoCard. Widths are fixed and text is
 * NUL-terminated ASCII, so a host of any age can read the fields up to `size`. VASO_PLUGIN (plugin.hpp) writes it.
 * Whoever adds a field adds its sentence to registry/plugins/compatibility.cpp.
 */
#ifndef VASO_SDK_CARD_H
#define VASO_SDK_CARD_H

#include <stdint.h>

#define VASO_CARD_SECTION ".vaso_plugin"
#define VASO_CARD_MAGIC "VASOCARD" /* eight characters, the NUL is not stored */
#define VASO_SDK_NUMBER 3u         /* raised whenever a header of core/sdk changes its meaning or layout */
#define VASO_ENTRY_NAME "vaso_plugin_entry"

typedef struct VasoCard {
  char magic[8];
  uint32_t size;        /* sizeof(VasoCard) when the plugin was built */
  uint32_t sdk;         /* VASO_SDK_NUMBER */
  uint32_t standard;    /* __cplusplus */
  uint32_t cxx11_abi;   /* _GLIBCXX_USE_CXX11_ABI */
  char compiler[32];    /* "gcc 12.2.0" */
  char libtorch[32];    /* "1.13.0" */
  char opencv[16];      /* "4.6.0" */
  char build[16];       /* "release", or "debug" where assertions are on */
  char id[48];          /* "masking.anatomy" */
  char version[16];     /* "1.0.0" */
  char components[256]; /* "masking.anatomy guidance.vessel": KIND.NAME, separated by one space */
} VasoCard;

#endif
