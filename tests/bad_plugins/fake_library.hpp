// Shared libraries made of nothing but headers and a card, to be damaged byte by byte.
#pragma once

#include "plugins/card_reader.hpp"

#include <elf.h>
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace vaso::tests {

inline void set_text(char* field, std::size_t capacity, std::string_view text) {
  std::memset(field, 0, capacity);
  std::memcpy(field, text.data(), std::min(text.size(), capacity - 1));
}

// The card of a plugin that this host accepts.
inline VasoCard good_card(std::string_view components) {
  VasoCard card = plugins::host_card();
  set_text(card.id, sizeof card.id, "test");
  set_text(card.version, sizeof card.version, "1.0.0");
  set_text(card.components, sizeof card.components, components);
  return card;
}

inline std::string bytes_of(const VasoCard& card) { return {reinterpret_cast<const char*>(&card), sizeof card}; }

// An ELF file for this machine with a section table, section names, and one section ".vaso_plugin".
inline std::string fake_library(const std::string& section_content) {
  static constexpr char names[] = "\0.shstrtab\0" VASO_CARD_SECTION;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 1;
  header.e_shoff = sizeof header + sizeof names + section_content.size();

  Elf64_Shdr sections[3]{};
  sections[1].sh_name = 1;
  sections[1].sh_type = SHT_STRTAB;
  sections[1].sh_offset = sizeof header;
  sections[1].sh_size = sizeof names;
  sections[2].sh_name = 11;
  sections[2].sh_type = SHT_PROGBITS;
  sections[2].sh_offset = sizeof header + sizeof names;
  sections[2].sh_size = section_content.size();

  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(names, sizeof names);
  file += section_content;
  file.append(reinterpret_cast<const char*>(sections), sizeof sections);
  return file;
}

inline std::filesystem::path write_file(const std::filesystem::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

}  // namespace vaso::tests
