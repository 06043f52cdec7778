#include "wrong_card.hpp"

WRONG_CARD(set(card.build, "mystery"))
