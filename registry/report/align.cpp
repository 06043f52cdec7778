#include "report/table.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

namespace vaso::report {
namespace {

struct Range {
  char32_t first, last;
};

// After Markus Kuhn's wcwidth (https://www.cl.cam.ac.uk/~mgk25/ucs/wcwidth.c), common scripts only: marks that stand on
// the letter before them …
constexpr Range combining[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
                               {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                               {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
// … and characters as wide as two.
constexpr Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                          {0xF900, 0xFAFF},   {0xFE30, 0xFE4F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                          {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <std::size_t n>
bool within(char32_t c, const Range (&ranges)[n]) {
  return std::any_of(ranges, ranges + n, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// The code point that starts at `position`, which moves behind it. A byte that is no UTF-8 stands for itself.
char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position++]);
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (more == 0 || position + static_cast<std::size_t>(more) > text.size()) return lead;
  char32_t code = lead & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[position + static_cast<std::size_t>(i)]);
    if ((byte & 0xC0) != 0x80) return lead;
    code = code << 6 | (byte & 0x3F);
  }
  position += static_cast<std::size_t>(more);
  return code;
}

// Columns that a terminal gives to the text.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t position = 0; position < text.size();) {
    const char32_t c = next_code_point(text, position);
    width += within(c, combining) ? 0 : within(c, wide) ? 2 : 1;
  }
  return width;
}

// A cell is one line.
std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return text;
}

// Numbers, "0.81 ± 0.02", "0.81 [0.79, 0.83]", "0.81 (+0.02) * ‡", NaN, and the dash of an empty cell.
bool is_number(const std::string& cell) {
  constexpr std::string_view signs[] = {"±", "–", "*", "+", "‡"};
  std::istringstream words(cell);
  for (std::string word; words >> word;) {
    if (std::find(std::begin(signs), std::end(signs), word) != std::end(signs)) continue;
    const std::size_t first = word.find_first_not_of("([+"), last = word.find_last_not_of(")],");
    if (first == std::string::npos || last == std::string::npos || first > last) return false;
    double value;
    const char* const end = word.data() + last + 1;
    if (std::from_chars(word.data() + first, end, value).ptr != end) return false;
  }
  return true;
}

}  // namespace

std::string align(const std::vector<std::vector<std::string>>& rows, bool header) {
  std::vector<std::vector<std::string>> cells = rows;
  std::vector<std::size_t> widths;
  std::vector<bool> right;  // numbers stand flush right
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t c = 0; c < cells[r].size(); ++c) {
      cells[r][c] = on_one_line(std::move(cells[r][c]));
      if (c == widths.size()) {
        widths.push_back(0);
        right.push_back(cells.size() > (header ? 1u : 0u));
      }
      widths[c] = std::max(widths[c], width_of(cells[r][c]));
      if ((r > 0 || !header) && !is_number(cells[r][c])) right[c] = false;
    }
  }

  constexpr const char* gap = "  ";
  std::string text;
  const auto end_line = [&text] { text.erase(text.find_last_not_of(' ') + 1) += '\n'; };
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t c = 0; c < cells[r].size(); ++c) {
      const std::string padding(widths[c] - width_of(cells[r][c]), ' ');
      if (c > 0) text += gap;
      text += right[c] ? padding + cells[r][c] : cells[r][c] + padding;
    }
    end_line();
    if (r > 0 || !header) continue;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (c > 0) text += gap;
      for (std::size_t i = 0; i < widths[c]; ++i) text += "─";
    }
    end_line();
  }
  return text;
}

}  // namespace vaso::report
