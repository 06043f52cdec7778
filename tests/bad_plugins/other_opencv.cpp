#include "wrong_card.hpp"

WRONG_CARD(set(card.opencv, "2.4.0"))
