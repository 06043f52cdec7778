// What a process has only once, and a plugin must leave as it found it.
#pragma once

#include "contract/report.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::contract {

inline constexpr const char* global_state_check = "global state";

struct GlobalState {
  at::Tensor random;  // of LibTorch's global generator
  std::uint64_t opencv_random = 0;
  bool gradients = true;
  at::ScalarType type = at::kFloat;  // of new tensors
  int threads = 1, opencv_threads = 1;
  bool deterministic = false;
};

GlobalState global_state();
void restore(const GlobalState& state);

// Tells, as failures of `global state`, what is no longer as it was before the check `during`.
void report_changes(const GlobalState& before, const std::string& during, Report& report);

}  // namespace vaso::contract
