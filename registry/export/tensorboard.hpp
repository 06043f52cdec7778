// Runs for TensorBoard: a folder per run with one event file.
#pragma once

#include "export/csv.hpp"

namespace vaso::exporting {

// Writes `folder`/EXPERIMENT/0012-pretrain-LABEL/events.out.tfevents.…; a file that an earlier export made is replaced,
// so that nothing stands there twice. Every metric series becomes a scalar, settings and conventions a text. The
// database keeps no time per point: all of a run carry its start. Returns the number of points. Throws
// runs::StoreError.
std::int64_t write_tensorboard(const runs::Store& store, const std::vector<runs::Run>& runs,
                               const std::filesystem::path& folder, const Progress& progress);

}  // namespace vaso::exporting
