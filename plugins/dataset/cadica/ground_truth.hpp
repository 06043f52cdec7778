// CADICA's boxes: one text file per annotated frame, rows of `x y w h label`.
#pragma once

#include "sdk/dataset.hpp"

#include <array>
#include <filesystem>
#include <vector>

namespace vaso::cadica {

// How much of the vessel is closed, in per cent; the order is that of the labels.
inline constexpr std::array kGrades{"p0_20", "p20_50", "p50_70", "p70_90", "p90_98", "p99", "p100"};

// Position in kGrades; −1 where the text is none.
std::int64_t grade_of(const std::string& text);

// The file's boxes in pixels, labelled by grade; empty lines are passed over. x and y count from 0 at the upper left
// pixel, as the data set's own readme and its users have it. Throws DataError with the line: unreadable, no row of
// that form, a grade that is none, no area, a corner left of or above the image.
std::vector<Box> read_boxes(const std::filesystem::path& file);

// Throws DataError naming `file` where a box reaches out of the image by more than a pixel; one pixel is cut off, for
// boxes of the whole image that were counted from 1.
void keep_inside(std::vector<Box>& boxes, std::int64_t width, std::int64_t height, const std::filesystem::path& file);

}  // namespace vaso::cadica
