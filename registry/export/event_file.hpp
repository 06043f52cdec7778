// TensorBoard's event files: TFRecord framing around `Event` messages.
//
// Framing (tensorflow/core/lib/io/record_writer.h): length as uint64, its masked CRC-32C, the bytes, their masked
// CRC-32C; little-endian. Messages (tensorflow/core/util/event.proto, framework/summary.proto) are few and small: they
// are written by hand, as https://protobuf.dev/programming-guides/encoding/ says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vaso::exporting {

// Each is one framed record. `wall_time` in seconds since 1970.
std::string version_record(double wall_time);  // the first of every file
std::string scalar_record(double wall_time, std::int64_t step, std::string_view tag, double value);  // as float32
std::string text_record(double wall_time, std::string_view tag, std::string_view markdown);

}  // namespace vaso::exporting
