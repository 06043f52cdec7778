// Where ARCADE's images and annotations are: both generations of the archive, as they are unpacked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::arcade {

enum class Task { syntax, stenosis };

struct SplitFolder {
  std::string split;  // "train", "val" or "test"
  std::filesystem::path images;
  std::filesystem::path annotations;  // COCO JSON
};

// The task's splits under `root`, in the order train, val, test; those that are there. `root` may be the unpacked
// archive, a folder above it (`arcade`, `submission`, `arcade_challenge_datasets`), or the task's folder itself.
//
//   2023, final   TASK/SPLIT/{images, annotations/SPLIT.json}                                  (Zenodo 10390295)
//   challenge     dataset_phase_1/{segmentation_dataset/seg_*, stenosis_dataset/sten_*}         (Zenodo 8386059)
//                 dataset_final_phase/{test_case_segmentation, test_cases_stenosis}
//
// Throws DataError: none is there, both generations are, or a split without its images or its one JSON.
std::vector<SplitFolder> find_splits(const std::filesystem::path& root, Task task);

}  // namespace vaso::arcade
