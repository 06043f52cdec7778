// The contract: what every component must do, and what those of its kind must.
#pragma once

#include "contract/report.hpp"
#include "contract/subject.hpp"

#include "sdk/component.hpp"

#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

namespace vaso::contract {

// One line of the result.
struct Check {
  std::string name;  // "same seed, same plan"
  std::string cure;  // what to do where it fails
  std::function<void(const Subject&, Report&)> run;
};

// In the order in which they are run: those for all components, then those of the kind. Empty for an unknown kind.
std::vector<Check> checks_of(const std::string& kind);

std::vector<Check> card_checks();
std::vector<Check> parameter_checks();
std::vector<Check> masking_checks();
std::vector<Check> loss_checks();
std::vector<Check> guidance_checks();
std::vector<Check> dataset_checks();
std::vector<Check> dataset_file_checks();  // before the data set is made
std::vector<Check> objective_checks();
std::vector<Check> head_checks();
// The last of most kinds: `compare` looks at the CPU beside the accelerator. Skipped, and why, where there is none.
Check device_check(const std::function<void(const Subject&, c10::Device, Report&)>& compare);

inline constexpr const char* defaults_check = "defaults";
inline constexpr const char* door_check = "door";
inline constexpr const char* scan_check = "scan time";

}  // namespace vaso::contract
