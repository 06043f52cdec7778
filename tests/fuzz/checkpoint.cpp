// The reader of PyTorch's checkpoints, zip and legacy, and the unpickler behind it.
#include "weights.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || (data[0] != 0x80 && !(data[0] == 'P' && data[1] == 'K'))) return -1;
  vaso::fuzz::read_weights(data, size);
  return 0;
}
