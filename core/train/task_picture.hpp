// Test images with what is there and what was found.
#pragma once

#include "data/pack.hpp"
#include "train/task_evaluation.hpp"
#include "vision/overlay.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::train {

// The answer laid over its image: masks tinted and boxes outlined in the colours of their labels.
vision::ColourImage draw_answer(const vision::GreyImage& image, const Answer& answer, double least_score);

// A record's image, its truth, and the answer, all of the image's size.
std::vector<vision::ColourImage> panels_of(const data::Pack& pack, const std::vector<std::string>& labels,
                                           std::int64_t record, const Answer& answer);

// A row of these panels for each image, and what the colours of several labels mean. Throws DataError where the file
// cannot be written.
void write_panels(const std::filesystem::path& file, const std::string& head, const std::vector<std::string>& labels,
                  const std::vector<std::vector<vision::ColourImage>>& rows);

}  // namespace vaso::train
