// What an image is called wherever people read of it.
#pragma once

#include "sdk/dataset.hpp"

namespace vaso::data {

// Unique among all sources: "angiograms/014/0003.png".
inline std::string image_name(const RecordId& id) { return id.source.empty() ? id.name : id.source + "/" + id.name; }

}  // namespace vaso::data
