// What examining a component found: one result for each check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vaso::contract {

struct Failure {
  std::string rule;   // what must hold: "one seed gives one plan"
  std::string where;  // what was being done: "plan() in epoch 50 of 100, 3 images of 8×8 patches"
  std::string found;  // what was there instead
  std::string cure;   // what to do
};

enum class Outcome { passed, failed, skipped };

struct Result {
  std::string check;
  Outcome outcome = Outcome::passed;
  std::string note;               // passed: what was measured, where there is a number; skipped: why
  std::int64_t held = 0;          // how many statements were found true
  std::vector<Failure> failures;  // the first few; each says something else
};

const char* to_text(Outcome outcome);  // "passed", "failed", "skipped"

}  // namespace vaso::contract
