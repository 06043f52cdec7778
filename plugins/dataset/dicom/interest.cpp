#include "interest.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>
#include <gdcmSequenceOfItems.h>

#include <charconv>
#include <cstring>
#include <vector>

namespace vaso::dicom {
namespace fs = std::filesystem;
namespace {

std::string bytes(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element) {
  const gdcm::Tag tag(group, element);
  if (!data.FindDataElement(tag)) return "";
  const gdcm::ByteValue* value = data.GetDataElement(tag).GetByteValue();
  return value == nullptr ? "" : std::string(value->GetPointer(), value->GetLength());
}

// GDCM gives numbers in the byte order of the machine.
template <class Number>
std::vector<std::uint16_t> numbers(const std::string& bytes) {
  std::vector<std::uint16_t> values;
  for (std::size_t at = 0; at + sizeof(Number) <= bytes.size(); at += sizeof(Number)) {
    Number value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    values.push_back(value);
  }
  return values;
}

std::optional<Window> window_of(const gdcm::DataSet& data) {
  const std::optional<double> centre = number(data, 0x0028, 0x1050), width = number(data, 0x0028, 0x1051);
  if (!centre || !width || !(*width > 0)) return std::nullopt;
  Window window{*centre, *width};
  const std::string function = text(data, 0x0028, 0x1056);
  if (!function.empty()) window.function = function;
  return window;
}

std::optional<InterestTable> table_of(const gdcm::DataSet& data, bool is_signed, const fs::path& file) {
  const std::optional<gdcm::DataSet> first = item(data, 0x0028, 0x3010);
  if (!first) return std::nullopt;
  const std::vector<std::uint16_t> descriptor = numbers<std::uint16_t>(bytes(*first, 0x0028, 0x3002));
  const std::string content = bytes(*first, 0x0028, 0x3006);
  const std::size_t count = descriptor.empty() || descriptor[0] == 0 ? 65536 : descriptor[0];
  const bool wide = content.size() >= 2 * count;  // else two entries of 8 bits share a word
  if (descriptor.size() != 3 || descriptor[2] < 1 || descriptor[2] > 16 || content.size() < count) {
    throw DataError({file,
                     fmt::format("has a lookup table (VOI LUT Sequence) of {} bytes that does not fit its descriptor",
                                 content.size()),
                     "copy it again from its source, or set grey = \"depth\", which needs no table"});
  }
  InterestTable table;
  table.first = is_signed ? static_cast<double>(static_cast<std::int16_t>(descriptor[1])) : descriptor[1];
  table.bits = descriptor[2];
  table.entries = wide ? numbers<std::uint16_t>(content) : numbers<std::uint8_t>(content);
  table.entries.resize(count);
  return table;
}

}  // namespace

std::string text(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element) {
  const std::string padded = bytes(data, group, element);
  const std::string_view padding(" \0", 2);
  const std::size_t first = padded.find_first_not_of(padding);
  return first == std::string::npos ? "" : padded.substr(first, padded.find_last_not_of(padding) + 1 - first);
}

std::optional<double> number(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element) {
  const std::string value = text(data, group, element);
  const char* begin = value.data() + (value.starts_with('+') ? 1 : 0);
  double result = 0;
  const auto [end, error] = std::from_chars(begin, value.data() + value.size(), result);
  if (error != std::errc() || end == begin) return std::nullopt;
  return result;
}

std::optional<gdcm::DataSet> item(const gdcm::DataSet& data, std::uint16_t group, std::uint16_t element,
                                  std::size_t n) {
  const gdcm::Tag tag(group, element);
  if (!data.FindDataElement(tag)) return std::nullopt;
  const gdcm::SmartPointer<gdcm::SequenceOfItems> items = data.GetDataElement(tag).GetValueAsSQ();
  if (!items || n >= items->GetNumberOfItems()) return std::nullopt;
  return items->GetItem(n + 1).GetNestedDataSet();
}

std::optional<gdcm::DataSet> frame_item(const gdcm::DataSet& data, std::size_t frame, std::uint16_t group,
                                        std::uint16_t element) {
  for (const auto& groups : {item(data, 0x5200, 0x9230, frame), item(data, 0x5200, 0x9229)}) {
    if (!groups) continue;
    if (auto found = item(*groups, group, element)) return found;
  }
  return std::nullopt;
}

Interest interest_of(const gdcm::DataSet& data, std::size_t frame, bool is_signed, const fs::path& file) {
  const std::optional<gdcm::DataSet> own = frame_item(data, frame, 0x0028, 0x9132);
  const gdcm::DataSet& place = own ? *own : data;
  return {table_of(place, is_signed, file), window_of(place)};
}

}  // namespace vaso::dicom
