#include "leak.hpp"

#include <fmt/format.h>

#include <set>
#include <tuple>

namespace vaso::stenosis {

Leak leak_of(const std::vector<RecordId>& ids) {
  std::set<std::string> patients;
  std::set<std::pair<std::string, std::string>> sequences;
  std::set<std::tuple<std::string, std::string, std::int64_t>> frames;
  for (const RecordId& id : ids) {
    if (id.split == "test" || id.patient.empty()) continue;
    patients.insert(id.patient);
    sequences.emplace(id.patient, id.sequence);
    frames.emplace(id.patient, id.sequence, id.frame);
  }
  Leak leak;
  for (const RecordId& id : ids) {
    if (id.split != "test") continue;
    ++leak.test;
    leak.unknown += id.patient.empty();
    leak.patient += patients.contains(id.patient);
    leak.sequence += sequences.contains({id.patient, id.sequence});
    for (const std::int64_t step : {0, -1, 1}) {
      if (!frames.contains({id.patient, id.sequence, id.frame + step})) continue;
      ++leak.neighbour;
      break;
    }
  }
  return leak;
}

std::string to_text(const Leak& leak) {
  const auto share = [&](std::int64_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(leak.test, 1));
  };
  std::string text = fmt::format(
      "of {} test frames, {:.1f} % are or have a neighbour (frame ±1) in the training set, {:.1f} % share a sequence, "
      "{:.1f} % share a patient with it",
      leak.test, share(leak.neighbour), share(leak.sequence), share(leak.patient));
  if (leak.unknown > 0) text += fmt::format("; {} frames do not tell their patient", leak.unknown);
  return text;
}

}  // namespace vaso::stenosis
