// The reader of plugin cards, on files that nobody vouches for: a card or a reason, never anything else.
#include "memory_file.hpp"
#include "plugins/card_reader.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const vaso::fuzz::MemoryFile file(data, size);
  const vaso::plugins::CardResult result = vaso::plugins::read_card(file.path());
  if (result.found != result.why.empty()) std::abort();
  return 0;
}
