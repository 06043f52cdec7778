// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which spools and TensorBoard's event files use.
#pragma once

#include <boost/crc.hpp>
#include <cstdint>
#include <string_view>

namespace vaso::runs {

inline std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

}  // namespace vaso::runs
