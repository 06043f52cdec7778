// Built twice, as two files that provide the same component.
#include "wrong_card.hpp"

WRONG_CARD(set(card.components, "masking.twin"))
