#include "wrong_card.hpp"

PLAIN_CARD(VASO_CARD("no-entry", "1.0.0", "masking.no_entry"));
