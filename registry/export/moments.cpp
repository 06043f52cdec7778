#include "export/moments.hpp"

#include <time.h>

namespace vaso::exporting {

std::int64_t seconds_since_1970(const std::string& utc) {
  struct tm parts {};
  const char* const end = strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end == nullptr || *end != '\0' ? 0 : static_cast<std::int64_t>(timegm(&parts));
}

}  // namespace vaso::exporting
