// Names of X-ray projections.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace vaso::data {

// "LAO30_CRA20": degrees of the positioner, as DICOM counts them (PS3.3, C.8.7.5): primary > 0 is to the patient's left
// (LAO), secondary > 0 to the head (CRA).
inline std::string projection_name(double primary, double secondary) {
  return fmt::format("{}{:.0f}_{}{:.0f}", primary < 0 ? "RAO" : "LAO", std::abs(primary), secondary < 0 ? "CAU" : "CRA",
                     std::abs(secondary));
}

}  // namespace vaso::data
