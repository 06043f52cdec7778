#include "container.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace vaso::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kPreamble = 132;
constexpr std::uint32_t kUndefined = 0xffffffff;  // length: until a delimiter
constexpr int kDeepest = 32;                      // sequences within sequences

constexpr std::uint32_t kSyntax = 0x00020010, kPixels = 0x7fe00010;
constexpr std::uint32_t kItem = 0xfffee000, kItemEnd = 0xfffee00d, kSequenceEnd = 0xfffee0dd;

// PS3.5, 6.2. Elsewhere GDCM copes with others; in the file's own header it does not.
bool is_known(std::string_view type) {
  constexpr std::string_view kTypes =
      "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV";
  const std::size_t found = kTypes.find(type);
  return found != std::string_view::npos && found % 3 == 0;
}

// How elements are written.
struct Coding {
  bool names_types = true;  // explicit value representations
  bool big_endian = false;
};

struct Element {
  std::uint32_t tag = 0;
  std::string type;  // "" where it is not written
  std::uint32_t length = 0;
};

class Walk {
 public:
  explicit Walk(const fs::path& file) : in_(file, std::ios::binary) {
    in_.seekg(0, std::ios::end);
    size_ = in_.tellg();
    seek(kPreamble);
  }

  bool run() {
    const Coding coding = read_meta();
    if (at_ == size_) fail("is truncated: nothing follows its header,");
    while (at_ < size_) {
      const Element element = read_element(coding);
      skip_value(element, coding, 0);
      if (element.tag == kPixels) return true;  // padding may follow
    }
    return false;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw BrokenContainer(fmt::format("{} at byte {} of {}", what, at_, size_));
  }

  void seek(std::int64_t to) {
    if (to > size_) fail("is truncated: a value reaches beyond its end,");
    at_ = to;
    in_.seekg(to);
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> take() {
    std::array<std::uint8_t, N> bytes{};
    if (at_ + static_cast<std::int64_t>(N) > size_) fail("is truncated: an element is cut off");
    in_.read(reinterpret_cast<char*>(bytes.data()), N);
    if (!in_) fail("cannot be read");
    at_ += static_cast<std::int64_t>(N);
    return bytes;
  }

  template <std::size_t N>
  std::uint32_t number(const Coding& coding) {
    std::array<std::uint8_t, N> bytes = take<N>();
    if (!coding.big_endian) std::reverse(bytes.begin(), bytes.end());
    std::uint32_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }

  Element read_element(const Coding& coding) {
    Element element;
    const std::uint32_t group = number<2>(coding);
    element.tag = group << 16 | number<2>(coding);
    if (!coding.names_types || group == 0xfffe) {
      element.length = number<4>(coding);
      return element;
    }
    const auto type = take<2>();
    element.type = {static_cast<char>(type[0]), static_cast<char>(type[1])};
    if (!std::all_of(type.begin(), type.end(), [](std::uint8_t letter) { return letter >= 'A' && letter <= 'Z'; }))
      fail("is damaged: there is no element");
    constexpr std::array<std::string_view, 13> kLong{"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                     "SV", "UC", "UN", "UR", "UT", "UV"};
    if (std::find(kLong.begin(), kLong.end(), element.type) == kLong.end()) {
      element.length = number<2>(coding);
    } else {
      take<2>();
      element.length = number<4>(coding);
    }
    return element;
  }

  // The file's own header is always little-endian with types, whatever follows it.
  Coding read_meta() {
    Coding coding;
    std::string syntax;
    while (at_ < size_) {
      const std::int64_t begin = at_;
      if (number<2>({}) != 0x0002) {
        seek(begin);
        break;
      }
      seek(begin);
      const Element element = read_element({});
      if (!is_known(element.type)) fail("is damaged: its header has an element of type " + element.type);
      const std::int64_t value = at_;
      seek(value + element.length);
      if (element.tag != kSyntax || element.length > 64) continue;
      seek(value);
      syntax.resize(element.length);
      in_.read(syntax.data(), static_cast<std::streamsize>(syntax.size()));
      syntax.erase(std::min(syntax.find_last_not_of(std::string_view(" \0", 2)) + 1, syntax.size()));
      seek(value + element.length);
    }
    if (syntax.empty()) fail("names no transfer syntax: its header ends");
    if (syntax == "1.2.840.10008.1.2.1.99") fail("is deflated as a whole, which is not read: its data begin");
    coding.names_types = syntax != "1.2.840.10008.1.2";
    coding.big_endian = syntax == "1.2.840.10008.1.2.2";
    return coding;
  }

  void skip_value(const Element& element, const Coding& coding, int depth) {
    if (element.length != kUndefined) {
      seek(at_ + element.length);
    } else if (element.tag == kPixels) {
      skip_fragments(coding);
    } else {
      // A sequence of unknown type is written without types (PS3.5, 6.2.2).
      skip_items(element.type == "UN" ? Coding{false, false} : coding, depth + 1);
    }
  }

  void skip_fragments(const Coding& coding) {
    for (;;) {
      const Element item = read_element(coding);
      if (item.tag == kSequenceEnd) return;
      if (item.tag != kItem || item.length == kUndefined) fail("is damaged: its compressed pixels end");
      seek(at_ + item.length);
    }
  }

  void skip_items(const Coding& coding, int depth) {
    if (depth > kDeepest) fail("is damaged: sequences are nested too deeply");
    for (;;) {
      const Element item = read_element(coding);
      if (item.tag == kSequenceEnd) return;
      if (item.tag != kItem) fail("is damaged: a sequence holds something that is no item");
      if (item.length != kUndefined) {
        seek(at_ + item.length);
        continue;
      }
      for (Element inner = read_element(coding); inner.tag != kItemEnd; inner = read_element(coding))
        skip_value(inner, coding, depth);
    }
  }

  std::ifstream in_;
  std::int64_t size_ = 0, at_ = 0;
};

}  // namespace

bool is_dicom(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::array<char, kPreamble> start{};
  in.read(start.data(), start.size());
  return in.gcount() == kPreamble && std::string_view(&start[128], 4) == "DICM";
}

bool check_container(const fs::path& file) { return Walk(file).run(); }

}  // namespace vaso::dicom
