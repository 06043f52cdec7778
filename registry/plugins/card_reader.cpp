#include "plugins/card_reader.hpp"

#include "plugins/elf_file.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cstddef>
#include <cstring>

namespace vaso::plugins {
namespace {

// Text fields are printed into terminals and tables, so a card with control characters in them is none.
template <std::size_t N>
void check_text(const char (&field)[N], const char* name) {
  const char* end = std::find(field, field + N, '\0');
  if (end == field + N) throw ElfError(fmt::format("has a damaged card: field `{}` does not end", name));
  if (!std::all_of(field, end, [](char c) { return c >= ' ' && c <= '~'; }))
    throw ElfError(fmt::format("has a damaged card: field `{}` is no plain text", name));
}

VasoCard card_of(const ElfFile& library) {
  const ElfFile::Section section = library.section(VASO_CARD_SECTION);
  if (!section.found)
    throw ElfError("has no " VASO_CARD_SECTION
                   " section: it is no VasoLab plugin, or its VASO_PLUGIN(…) line was not linked in");

  VasoCard card{};
  constexpr std::size_t preamble = offsetof(VasoCard, sdk) + sizeof card.sdk;
  if (section.size < preamble)
    throw ElfError(
        fmt::format("has a card that is cut short: {} bytes, its first fields alone take {}", section.size, preamble));
  library.read(section.offset, &card, preamble, "the card");
  if (std::memcmp(card.magic, VASO_CARD_MAGIC, sizeof card.magic) != 0)
    throw ElfError("has a " VASO_CARD_SECTION " section that does not begin with " VASO_CARD_MAGIC
                   ": it is no VasoLab plugin");
  if (card.size < preamble || card.size > section.size)
    throw ElfError(
        fmt::format("has a card that is cut short: it says {} bytes, its section holds {}", card.size, section.size));

  // An older SDK's card lacks the last fields (they stay empty), a newer one's has more (nobody here can read them).
  library.read(section.offset, &card, std::min<std::uint64_t>(card.size, sizeof card), "the card");
  check_text(card.compiler, "compiler");
  check_text(card.libtorch, "libtorch");
  check_text(card.opencv, "opencv");
  check_text(card.build, "build");
  check_text(card.id, "id");
  check_text(card.version, "version");
  check_text(card.components, "components");
  return card;
}

}  // namespace

CardResult read_card(const std::filesystem::path& library) {
  try {
    return {true, card_of(ElfFile(library)), {}};
  } catch (const ElfError& error) {
    return {false, {}, error.what()};
  }
}

}  // namespace vaso::plugins
