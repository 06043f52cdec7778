// For what computes with tensors.
#pragma once

#include "plain.hpp"

#include <ATen/ATen.h>
