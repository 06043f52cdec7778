#include "wrong_card.hpp"

WRONG_CARD(card.sdk = VASO_SDK_NUMBER + 1)
