// How far a run has come, beside its other files: what `vaso study status` reads while another `vaso` works.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace vaso::cli {

struct RunProgress {
  std::string stage, text;  // "fine-tuning head.vessel_segmentation on dataset.arcade", "epoch 3/20  loss 0.81"
  std::int64_t done = 0, total = 0;
  std::optional<double> seconds_left;  // of the stage
};

// FOLDER/progress.json; replaced as a whole. What cannot be written is left out: a run does not fail for it.
void write_progress(const std::filesystem::path& folder, const RunProgress& progress);
std::optional<RunProgress> read_progress(const std::filesystem::path& folder);
void remove_progress(const std::filesystem::path& folder);

}  // namespace vaso::cli
