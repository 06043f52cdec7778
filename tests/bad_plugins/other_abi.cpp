#include "wrong_card.hpp"

WRONG_CARD(card.cxx11_abi = 1 - card.cxx11_abi)
