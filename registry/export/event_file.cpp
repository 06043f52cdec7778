#include "export/event_file.hpp"

#include "runs/checksum.hpp"

#include <bit>

namespace vaso::exporting {
namespace {

template <class Integer>
std::string little_endian(Integer value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
  return bytes + static_cast<char>(value);
}

enum Wire { wire_varint = 0, wire_fixed64 = 1, wire_bytes = 2, wire_fixed32 = 5 };

std::string key(int field, Wire wire) { return varint(static_cast<std::uint64_t>(field) << 3 | wire); }

std::string integer_field(int field, std::int64_t value) {
  return key(field, wire_varint) + varint(static_cast<std::uint64_t>(value));
}
std::string double_field(int field, double value) {
  return key(field, wire_fixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(int field, float value) {
  return key(field, wire_fixed32) + little_endian(std::bit_cast<std::uint32_t>(value));
}
std::string bytes_field(int field, std::string_view bytes) {
  return key(field, wire_bytes) + varint(bytes.size()) + std::string(bytes);
}

// record_writer.h and lib/hash/crc32c.h: a checksum of data that holds checksums is masked.
std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8U; }

std::string framed(const std::string& message) {
  const std::string length = little_endian(static_cast<std::uint64_t>(message.size()));
  return length + little_endian(masked(runs::crc32c(length))) + message + little_endian(masked(runs::crc32c(message)));
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5. Summary: value = 1.
std::string summary_event(double wall_time, std::int64_t step, const std::string& value) {
  const std::string at = step == 0 ? "" : integer_field(2, step);  // proto3 leaves zeros out
  return framed(double_field(1, wall_time) + at + bytes_field(5, bytes_field(1, value)));
}

}  // namespace

std::string version_record(double wall_time) {
  return framed(double_field(1, wall_time) + bytes_field(3, "brain.Event:2"));
}

std::string scalar_record(double wall_time, std::int64_t step, std::string_view tag, double value) {
  // Summary.Value: tag = 1, simple_value = 2.
  return summary_event(wall_time, step, bytes_field(1, tag) + float_field(2, static_cast<float>(value)));
}

std::string text_record(double wall_time, std::string_view tag, std::string_view markdown) {
  // Summary.Value: tag = 1, tensor = 8, metadata = 9. TensorProto: dtype = 1 (DT_STRING is 7), string_val = 8.
  // SummaryMetadata: plugin_data = 1. PluginData: plugin_name = 1.
  const std::string tensor = integer_field(1, 7) + bytes_field(8, markdown);
  const std::string metadata = bytes_field(1, bytes_field(1, "text"));
  return summary_event(wall_time, 0, bytes_field(1, tag) + bytes_field(8, tensor) + bytes_field(9, metadata));
}

}  // namespace vaso::exporting
