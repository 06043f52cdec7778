// Times of the database in the units of others.
#pragma once

#include <cstdint>
#include <string>

namespace vaso::exporting {

// "2026-03-01T10:22:31Z" as seconds since 1970; 0 where the text is no such time.
std::int64_t seconds_since_1970(const std::string& utc);

}  // namespace vaso::exporting
