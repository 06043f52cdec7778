#include "plot/text_size.hpp"

#include <algorithm>
#include <cstddef>

namespace vaso::plot {
namespace {

constexpr double other_faces = 1.1;

// Thousandths of the size, from Adobe's metrics of Helvetica, characters 32 to 126.
constexpr short helvetica[] = {278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
                               556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
                               1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
                               667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
                               333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
                               556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

double width_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (continues(text[at])) return 0;
  if (byte >= 32 && byte < 127) return helvetica[byte - 32];
  return byte >= 0xE3 ? 1000 : 600;  // from U+3000 on mostly full-width characters
}

}  // namespace

double text_width(std::string_view text, double size) {
  double thousandths = 0;
  for (std::size_t at = 0; at < text.size(); ++at) thousandths += width_at(text, at);
  return thousandths / 1000 * size * other_faces;
}

std::string shortened(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  std::size_t end = 0;
  const double room = width - text_width("…", size);
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && continues(text[next])) ++next;
    if (text_width(text.substr(0, next), size) > room) break;
    end = next;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::vector<std::string> wrapped(std::string_view text, double size, double width) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!lines.empty()) {
      std::string longer = lines.back();
      longer.append(" ").append(word);
      if (text_width(longer, size) <= width) {
        lines.back() = std::move(longer);
        continue;
      }
    }
    lines.emplace_back(word);
  }
  return lines;
}

}  // namespace vaso::plot
