// Files of weights for tests, made byte by byte.
#pragma once

#include "support/paths.hpp"
#include "weights/weight_file.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::weights {

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write(const std::filesystem::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary) << content;
}

template <class Number>
std::string raw(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

// A safetensors file of any header, true or lying.
inline std::string safetensors(const std::string& header, const std::string& data = {}) {
  return raw<std::uint64_t>(header.size()) + header + data;
}

// A legacy .pth file whose content is the pickle given (PROTO and STOP are added). Where it names a storage, that is a
// float one, "0", of four zeros.
inline std::string legacy_file(const std::string& pickle) {
  std::string file = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  file += "\x80\x02M\xe9\x03.";  // 1001
  file += "\x80\x02}.";
  file += "\x80\x02" + pickle + ".";
  if (pickle.find("FloatStorage") == pickle.npos) return file + "\x80\x02].";
  file +=
      "\x80\x02]U\x01"
      "0a.";
  return file + raw<std::uint64_t>(4) + std::string(4 * sizeof(float), '\0');
}

// Opcodes of a float tensor over storage "0".
inline std::string tensor_pickle(const std::string& elements, const std::string& offset, const std::string& sizes,
                                 const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01"
         "0U\x03"
         "cpu" +
         elements + "tQ" + offset + "(" + sizes + "t(" + strides + "t\x89}tR";
}

}  // namespace vaso::weights
