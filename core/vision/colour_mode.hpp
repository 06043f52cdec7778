// Whether an image file is grey. Reading it as grey hides what somebody who writes another reader needs to know: half
// of ARCADE's training images have one channel, the others three equal ones.
#pragma once

#include <filesystem>
#include <string>

namespace vaso::vision {

enum class ColourMode { grey, equal_channels, colour };
std::string to_text(ColourMode mode);

// Of a file that read_grey() can read; alpha does not count. The header decides where it can, else the file is decoded.
// Throws DataError where it cannot be read. [any thread]
ColourMode colour_mode(const std::filesystem::path& file);

}  // namespace vaso::vision
