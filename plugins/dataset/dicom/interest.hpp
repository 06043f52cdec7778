// What range of values a file wants to be seen, frame by frame.
#pragma once

#include "grey_table.hpp"

#include <gdcmDataSet.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace vaso::dicom {

// The value as text, without padding; "" where it is missing. Numbers of type US are binary and not read so.
std::string text(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element);

// The first of the values, which are parted by backslashes.
std::optional<double> number(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element);

// The n-th item of a sequence, counted from 0.
std::optional<gdcm::DataSet> item(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element,
                                  std::size_t n = 0);

// An attribute of one frame, which Enhanced XA keeps in an item of this sequence: that of the frame itself, else the
// one that all frames share (PS3.3, C.7.6.16).
std::optional<gdcm::DataSet> frame_item(const gdcm::DataSet& data, std::size_t frame, std::uint16_t group,
                                        std::uint16_t element);

// By the frame's own Frame VOI LUT, else by the file's: its first lookup table, else its first window; neither where
// the file states none. is_signed: stored values are. Throws DataError where a table has fewer entries than it says.
Interest interest_of(const gdcm::DataSet& data, std::size_t frame, bool is_signed, const std::filesystem::path& file);

}  // namespace vaso::dicom
