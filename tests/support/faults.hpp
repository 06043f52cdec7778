// What a test says about errors and faults.
#pragma once

#include "sdk/dataset.hpp"

#include <doctest/doctest.h>

#include <exception>
#include <string>
#include <vector>

namespace vaso::tests {

// What an action throws, in words; "none" where it throws nothing.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

inline void says(const std::string& text, const std::string& words) {
  CAPTURE(text);
  CHECK(text.find(words) != std::string::npos);
}

// A line for each fault: "where: what (cure)".
inline std::string text_of(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text.append(fault.where + ": " + fault.what + " (" + fault.cure + ")\n");
  return text;
}

}  // namespace vaso::tests
