#include "torch_pch.hpp"  // a library needs a source; this one only makes the precompiled header
