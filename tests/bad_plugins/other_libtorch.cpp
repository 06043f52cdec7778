#include "wrong_card.hpp"

WRONG_CARD(set(card.libtorch, "9.9.9"))
