// NumPy's .npy format, read without executing what it may hold (NumPy Enhancement Proposal 1; numpy/lib/format.py).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::npy {

// The array is broken, or of a kind that is not read; what() says how, without the file's name.
class BrokenArray : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Header {
  std::string dtype;                // "|u1", "<u2", "<i4", "<i8", "<f4", "<f8", "|b1" or "<U" and a number of letters
  bool fortran = false;             // the first axis runs fastest
  std::vector<std::int64_t> shape;  // [] = a single value
  std::int64_t bytes = 0;           // of the header: the values begin there

  std::int64_t elements() const;
  std::int64_t item_size() const;  // bytes
};

constexpr std::size_t kPreamble = 12;  // bytes that tell how long the header is

// Bytes of the whole header, from the first kPreamble bytes of a file. Throws BrokenArray.
std::int64_t header_bytes(std::span<const std::uint8_t> start);

// Throws BrokenArray: no such header, another dtype, or pickled Python objects, which can run code when they are read.
Header parse_header(std::span<const std::uint8_t> header);

struct Array {
  Header header;
  std::vector<std::uint8_t> values;  // header.elements() items

  // Element i in memory order. Not for text.
  double number(std::int64_t i) const;
};

// The value of an array with one element: a number or truth value; text. Nothing where it is something else.
std::optional<double> single_number(const Array& array);
std::optional<std::string> single_text(const Array& array);

}  // namespace vaso::npy
