#include "npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace vaso::npy {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kLongestHeader = 65'536;  // bytes; a plain array needs less than 200

struct NumberType {
  std::string_view dtype;
  std::int64_t size;
  double (*read)(const std::uint8_t*);
};

template <class T>
double read_as(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);  // both sides are little-endian
  return static_cast<double>(value);
}

constexpr std::array kNumberTypes{
    NumberType{"|b1", 1, read_as<std::uint8_t>},  NumberType{"|u1", 1, read_as<std::uint8_t>},
    NumberType{"<u2", 2, read_as<std::uint16_t>}, NumberType{"<i4", 4, read_as<std::int32_t>},
    NumberType{"<i8", 8, read_as<std::int64_t>},  NumberType{"<f4", 4, read_as<float>},
    NumberType{"<f8", 8, read_as<double>}};

const NumberType* number_type(std::string_view dtype) {
  const auto* found = std::find_if(kNumberTypes.begin(), kNumberTypes.end(),
                                   [&](const NumberType& type) { return type.dtype == dtype; });
  return found == kNumberTypes.end() ? nullptr : &*found;
}

bool is_text(std::string_view dtype) { return dtype.starts_with("<U"); }

std::int64_t to_integer(std::string_view text, const char* what) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    throw BrokenArray(fmt::format("its {} is `{}`", what, text));
  return value;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t\n") + 1 - first);
}

// The header is a Python dictionary; what follows 'key': in it.
std::string_view after(std::string_view dictionary, std::string_view key) {
  const std::size_t found = dictionary.find(fmt::format("'{}':", key));
  if (found == std::string_view::npos) throw BrokenArray(fmt::format("its header has no '{}'", key));
  return trimmed(dictionary.substr(found + key.size() + 3));
}

std::string dtype_of(std::string_view dictionary) {
  const std::string_view rest = after(dictionary, "descr");
  const std::size_t end = rest.find('\'', 1);
  if (!rest.starts_with('\'') || end == std::string_view::npos) throw BrokenArray("holds records of several fields");
  const std::string dtype(rest.substr(1, end - 1));
  if (dtype.find('O') != std::string::npos)
    throw BrokenArray("holds pickled Python objects, which can run code when they are read; they are not");
  if (number_type(dtype) == nullptr && !is_text(dtype))
    throw BrokenArray("is of type `" + dtype + "`, which is not read");
  return dtype;
}

std::vector<std::int64_t> shape_of(std::string_view dictionary) {
  std::string_view rest = after(dictionary, "shape");
  const std::size_t end = rest.find(')');
  if (!rest.starts_with('(') || end == std::string_view::npos) throw BrokenArray("its header states no shape");
  rest = rest.substr(1, end - 1);
  std::vector<std::int64_t> shape;
  double elements = 1;
  while (!trimmed(rest).empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    shape.push_back(to_integer(trimmed(rest.substr(0, comma)), "shape"));
    elements *= static_cast<double>(shape.back());
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (elements > 1e12) throw BrokenArray("its header states a shape that no memory holds");
  return shape;
}

}  // namespace

std::int64_t Header::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t side : shape) count *= side;
  return count;
}

std::int64_t Header::item_size() const {
  constexpr std::int64_t kLetter = 4;  // bytes, UCS-4
  const NumberType* type = number_type(dtype);
  return type != nullptr ? type->size : kLetter * to_integer(std::string_view(dtype).substr(2), "text length");
}

std::int64_t header_bytes(std::span<const std::uint8_t> start) {
  if (start.size() < kPreamble ||
      !std::equal(kMagic.begin(), kMagic.end(), reinterpret_cast<const char*>(start.data())))
    throw BrokenArray("does not begin as a NumPy array");
  const std::uint8_t version = start[6];
  if (version < 1 || version > 3) throw BrokenArray(fmt::format("is of format version {}, which is not read", version));
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= std::size_t{start[8 + i]} << 8 * i;
  if (length > kLongestHeader) throw BrokenArray(fmt::format("states a header of {} bytes", length));
  return static_cast<std::int64_t>(8 + length_bytes + length);
}

Header parse_header(std::span<const std::uint8_t> header) {
  const std::int64_t bytes = header_bytes(header);
  if (static_cast<std::int64_t>(header.size()) < bytes) throw BrokenArray("ends within its header");
  const std::size_t begin = header[6] == 1 ? 10 : 12;
  const std::string_view dictionary(reinterpret_cast<const char*>(header.data()) + begin,
                                    static_cast<std::size_t>(bytes) - begin);
  Header parsed;
  parsed.bytes = bytes;
  parsed.dtype = dtype_of(dictionary);
  parsed.fortran = after(dictionary, "fortran_order").starts_with("True");
  parsed.shape = shape_of(dictionary);
  parsed.item_size();  // a text length that is none is found now
  return parsed;
}

double Array::number(std::int64_t i) const {
  const NumberType* type = number_type(header.dtype);
  if (type == nullptr) throw BrokenArray("holds text where numbers are needed");
  return type->read(values.data() + i * type->size);
}

std::optional<double> single_number(const Array& array) {
  if (array.header.elements() != 1 || is_text(array.header.dtype)) return std::nullopt;
  return array.number(0);
}

std::optional<std::string> single_text(const Array& array) {
  if (array.header.elements() != 1 || !is_text(array.header.dtype)) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i + 3 < array.values.size(); i += 4) {
    std::uint32_t letter = 0;
    std::memcpy(&letter, array.values.data() + i, sizeof letter);
    if (letter == 0) break;  // padding
    text += letter < 128 ? static_cast<char>(letter) : '?';
  }
  return text;
}

}  // namespace vaso::npy
