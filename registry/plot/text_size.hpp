// How much room text takes before anything has drawn it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vaso::plot {

// Width of UTF-8 text in the units of `size`, in a sans-serif face: Helvetica's widths and a tenth more, for other
// faces are wider. Labels that do not overlap by this measure do not overlap in the reader's face.
double text_width(std::string_view text, double size);

// The text in `width`, its end given up for "…" where it is too long.
std::string shortened(std::string_view text, double size, double width);

// The text in lines of at most `width`, broken at blanks; a word that is too long stands alone.
std::vector<std::string> wrapped(std::string_view text, double size, double width);

}  // namespace vaso::plot
