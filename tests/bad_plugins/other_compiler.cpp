#include "wrong_card.hpp"

WRONG_CARD(set(card.compiler, "gcc 4.8.5"))
