// For what builds or trains networks.
#pragma once

#include "plain.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/module.h>
