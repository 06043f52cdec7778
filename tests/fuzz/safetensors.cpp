// The reader of safetensors. What does not begin as such a file is another fuzzer's.
#include "weights.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 8 || data[8] != '{') return -1;
  vaso::fuzz::read_weights(data, size);
  return 0;
}
