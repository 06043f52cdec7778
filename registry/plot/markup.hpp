// Text made safe for XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace vaso::plot {

// For element content and attribute values in double quotes: & < > " ' become references. What XML 1.0 does not allow
// (control characters, bytes that are no UTF-8) becomes U+FFFD.
std::string escape(std::string_view text);

}  // namespace vaso::plot
