#include "plugins/elf_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <vector>

namespace vaso::plugins {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are read as they lie in the file");

#if defined(__x86_64__)
constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#else
#error "tell elf_file.cpp the ELF number of this processor"
#endif

std::string machine_name(Elf64_Half machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "i386";
    case EM_RISCV:
      return "RISC-V";
    default:
      return fmt::format("ELF machine {}", machine);
  }
}

// A library has some forty sections. The cap only bounds the work that a hostile header can ask for.
constexpr std::uint64_t most_sections = 1u << 20;

}  // namespace

ElfFile::ElfFile(const std::filesystem::path& file) {
  // O_NONBLOCK: a named pipe called x.so must not hang the host.
  descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw ElfError(fmt::format("cannot be opened: {}", std::strerror(errno)));
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) throw ElfError(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (!S_ISREG(status.st_mode)) throw ElfError("is no regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ == 0) throw ElfError("is empty: build or copy it again");

    unsigned char ident[EI_NIDENT] = {};
    if (size_ < sizeof ident) throw ElfError("is no ELF library");
    read(0, ident, sizeof ident, "the ELF identification");
    if (std::memcmp(ident, ELFMAG, SELFMAG) != 0) throw ElfError("is no ELF library");
    if (ident[EI_CLASS] != ELFCLASS64)
      throw ElfError("is a 32-bit library; this host loads 64-bit ones: rebuild it with a 64-bit compiler");
    if (ident[EI_DATA] != ELFDATA2LSB) throw ElfError("is big-endian; this host loads little-endian libraries");

    Elf64_Ehdr header{};
    read(0, &header, sizeof header, "the ELF header");
    if (header.e_machine != this_machine)
      throw ElfError(fmt::format("is built for {}, this host for {}: rebuild it on this kind of machine",
                                 machine_name(header.e_machine), machine_name(this_machine)));
    if (header.e_type != ET_DYN) throw ElfError("is an ELF file but no shared library: link it with -shared");
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

ElfFile::~ElfFile() { ::close(descriptor_); }

void ElfFile::read(std::uint64_t offset, void* target, std::uint64_t length, const char* what) const {
  if (offset > size_ || length > size_ - offset)
    throw ElfError(fmt::format("is cut short or damaged: {} would lie at bytes {} to {:.0f} of {}", what, offset,
                               static_cast<double>(offset) + static_cast<double>(length), size_));
  auto* cursor = static_cast<char*>(target);
  while (length > 0) {
    const ssize_t got = ::pread(descriptor_, cursor, length, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw ElfError(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) throw ElfError(fmt::format("shrank while {} was read", what));
    cursor += got;
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::uint64_t>(got);
  }
}

ElfFile::Section ElfFile::section(std::string_view name) const {
  Elf64_Ehdr header{};
  read(0, &header, sizeof header, "the ELF header");
  if (header.e_shoff == 0) return {};  // no section table at all: a library stripped to the bone
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    throw ElfError(fmt::format("is damaged: its section headers have {} bytes instead of {}", header.e_shentsize,
                               sizeof(Elf64_Shdr)));
  if (header.e_shoff >= size_)
    throw ElfError(fmt::format("is cut short: its section table would begin at byte {} of {}", header.e_shoff, size_));

  const auto entry = [&](std::uint64_t index) {
    Elf64_Shdr section{};
    read(header.e_shoff + index * sizeof section, &section, sizeof section, "a section header");
    return section;
  };
  // Where there are too many sections for the header's fields, section 0 holds the numbers (ELF gABI, "extended
  // numbering").
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : entry(0).sh_size;
  const std::uint64_t names_index = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : entry(0).sh_link;
  if (count > most_sections || count > (size_ - header.e_shoff) / sizeof(Elf64_Shdr))
    throw ElfError(fmt::format("is cut short or damaged: a file of {} bytes cannot hold {} sections", size_, count));
  if (names_index >= count) throw ElfError("is damaged: the section that should name the others does not exist");

  const Elf64_Shdr names = entry(names_index);
  std::vector<char> text(name.size() + 1);
  for (std::uint64_t index = 1; index < count; ++index) {
    const Elf64_Shdr section = entry(index);
    if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
    if (names.sh_size < text.size() || section.sh_name > names.sh_size - text.size()) continue;  // a shorter name
    if (names.sh_offset > size_) throw ElfError("is cut short: its section names lie beyond its end");
    read(names.sh_offset + section.sh_name, text.data(), text.size(), "a section name");
    if (text.back() != '\0' || name != text.data()) continue;
    if (section.sh_offset > size_ || section.sh_size > size_ - section.sh_offset)
      throw ElfError(fmt::format("is cut short: section {} would end at byte {:.0f} of {}", name,
                                 static_cast<double>(section.sh_offset) + static_cast<double>(section.sh_size), size_));
    return {true, section.sh_offset, section.sh_size};
  }
  return {};
}

}  // namespace vaso::plugins
