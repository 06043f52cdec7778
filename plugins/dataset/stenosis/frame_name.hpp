// File names of the stenosis set: SITE_PATIENT_SEQUENCE_FRAME, as 14_021_1_0049.
#pragma once

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>

namespace vaso::stenosis {

// Name (the file's path below `root` without extension and without folders called `images`), patient "14_021",
// sequence "1", frame 49 and files of an image. Patient, sequence and frame stay unknown where the stem has another
// form; a prefix before the site ("danilov_") is allowed.
RecordId id_of(const std::filesystem::path& image, const std::filesystem::path& root);

// The split that a path's folder or file name speaks of: "train", "val" (also "valid", "validation") or "test"; "" for
// none. The last part that speaks of one counts: "dataset/train/images" is "train", "instances_val.json" is "val".
std::string split_in(const std::filesystem::path& relative);

}  // namespace vaso::stenosis
