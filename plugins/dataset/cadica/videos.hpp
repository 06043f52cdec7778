// CADICA's folders: patients, their videos, and which frames of them were looked at by whom.
#pragma once

#include "ground_truth.hpp"

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::cadica {

struct Frame {
  RecordId id;             // name "p1_v3_00045", patient "p1", sequence "v3", frame 45; files: image, boxes if any
  std::vector<Box> boxes;  // labelled by grade
};

struct Collection {
  std::vector<Frame> frames;  // by patient, video, frame
  std::vector<Fault> faults;
  std::vector<std::string> notes;
};

// The frames that somebody judged: of lesion videos the selected ones that have a file of boxes, of other videos the
// selected ones, which show no lesion. A frame of a lesion video that was not selected is neither: nobody looked.
// root: the folder with `selectedVideos` in it. Throws DataError where it has none.
Collection labelled_frames(const std::filesystem::path& root);

// Every frame of `selectedVideos` and `nonselectedVideos`, without boxes.
Collection all_frames(const std::filesystem::path& root);

}  // namespace vaso::cadica
