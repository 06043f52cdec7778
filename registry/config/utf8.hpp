// Positions in UTF-8 text: columns of messages count characters, strings count bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace vaso::config {

// True for the bytes of a character after its first.
inline bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Where the character at `column` (from 1) begins; the text's size where the line is shorter.
inline std::size_t byte_of_column(std::string_view text, int column) {
  std::size_t at = 0;
  for (int left = column - 1; at < text.size(); ++at) {
    if (continues_character(text[at])) continue;
    if (left-- <= 0) break;
  }
  return at;
}

// The column (from 1) of the character that holds byte `at`.
inline int column_of_byte(std::string_view text, std::size_t at) {
  int column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) column += continues_character(text[i]) ? 0 : 1;
  return column;
}

}  // namespace vaso::config
