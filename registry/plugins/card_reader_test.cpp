#include "plugins/card_reader.hpp"

#include "bad_plugins/fake_library.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <cstddef>

using namespace vaso;
using namespace vaso::tests;

namespace {

bool says(const plugins::CardResult& result, std::string_view words) {
  INFO(result.why);
  return !result.found && result.why.find(words) != std::string::npos;
}

class Fixture {
 protected:
  plugins::CardResult read(std::string_view content) const {
    return plugins::read_card(write_file(folder.path() / "x.so", content));
  }
  // A good library whose file header was changed.
  template <class Change>
  plugins::CardResult read_with_header(Change change) const {
    std::string file = fake_library(bytes_of(good_card("masking.x")));
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof header);
    change(header);
    std::memcpy(file.data(), &header, sizeof header);
    return read(file);
  }
  // …or one of its three section headers: 0 nothing, 1 names, 2 card.
  template <class Change>
  plugins::CardResult read_with_section(std::size_t index, Change change) const {
    std::string file = fake_library(bytes_of(good_card("masking.x")));
    char* place = file.data() + file.size() - (3 - index) * sizeof(Elf64_Shdr);
    Elf64_Shdr section;
    std::memcpy(&section, place, sizeof section);
    change(section);
    std::memcpy(place, &section, sizeof section);
    return read(file);
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE_FIXTURE(Fixture, "a card is read from its section") {
    const plugins::CardResult result = read(fake_library(bytes_of(good_card("masking.one masking.two"))));
    REQUIRE_MESSAGE(result.found, result.why);
    CHECK(result.card.sdk == VASO_SDK_NUMBER);
    CHECK(std::string(result.card.components) == "masking.one masking.two");
  }

  TEST_CASE("what the fuzzer starts from, and what it found, is read or refused") {
    std::size_t found = 0;
    for (const auto& seed : std::filesystem::directory_iterator(source_dir() / "tests/fuzz/seeds/card")) {
      const plugins::CardResult result = plugins::read_card(seed.path());
      CHECK_MESSAGE(result.found == result.why.empty(), seed.path().string());
      found += result.found ? 1 : 0;
    }
    CHECK(found >= 1);
  }

  TEST_CASE_FIXTURE(Fixture, "files that are no plugins say what they are") {
    CHECK(says(plugins::read_card(folder.path() / "absent.so"), "cannot be opened: No such file"));
    CHECK(says(plugins::read_card(folder.path()), "is no regular file"));
    CHECK(says(read(""), "is empty"));
    CHECK(says(read("short"), "is no ELF library"));
    CHECK(says(read("This is a text file that someone renamed, and it goes on for a while."), "is no ELF library"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }), "32-bit"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }), "big-endian"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_machine = EM_RISCV; }), "built for RISC-V"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_type = ET_REL; }), "no shared library"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shoff = 0; }), "has no .vaso_plugin section"));
    const auto pipe = folder.path() / "pipe.so";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(says(plugins::read_card(pipe), "is no regular file"));
  }

  TEST_CASE_FIXTURE(Fixture, "tables that point out of the file are refused") {
    constexpr auto far = std::uint64_t{0} - 8;  // plus any length: wraps around
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shoff = far; }), "cut short"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shnum = 60000; }), "cannot hold 60000 sections"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shentsize = 1; }), "is damaged"));
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shstrndx = 9; }), "is damaged"));
    CHECK(says(read_with_section(1, [](Elf64_Shdr& s) { s.sh_offset = far; }), "cut short"));
    CHECK(says(read_with_section(1, [](Elf64_Shdr& s) { s.sh_offset = 1000000; }), "cut short"));
    CHECK(says(read_with_section(1, [](Elf64_Shdr& s) { s.sh_size = 3; }), "has no .vaso_plugin section"));
    CHECK(says(read_with_section(2, [](Elf64_Shdr& s) { s.sh_name = 0xffffffff; }), "has no .vaso_plugin section"));
    CHECK(says(read_with_section(2, [](Elf64_Shdr& s) { s.sh_offset = far; }), "cut short"));
    CHECK(says(read_with_section(2, [](Elf64_Shdr& s) { s.sh_size = far; }), "cut short"));
    CHECK(says(read_with_section(2, [](Elf64_Shdr& s) { s.sh_type = SHT_NOBITS; }), "has no .vaso_plugin section"));
    // Extended numbering: the counts stand in section 0.
    CHECK(says(read_with_header([](Elf64_Ehdr& h) { h.e_shnum = 0; }), "is damaged"));
  }

  TEST_CASE_FIXTURE(Fixture, "cards that are cut short or damaged are refused") {
    const VasoCard card = good_card("masking.x");
    CHECK(says(read(fake_library("VASO")), "card that is cut short"));
    CHECK(says(read(fake_library(bytes_of(card).substr(0, 100))), "card that is cut short"));
    CHECK(says(read(fake_library("NOTACARD" + bytes_of(card).substr(8))), "does not begin with VASOCARD"));
    VasoCard endless = card;
    std::memset(endless.id, 'x', sizeof endless.id);
    CHECK(says(read(fake_library(bytes_of(endless))), "field `id` does not end"));
    VasoCard coloured = card;
    set_text(coloured.version, sizeof coloured.version, "\x1b[31m");
    CHECK(says(read(fake_library(bytes_of(coloured))), "field `version` is no plain text"));
  }

  TEST_CASE_FIXTURE(Fixture, "cards of older and newer SDKs are read as far as they are understood") {
    VasoCard older = good_card("masking.x");
    older.sdk = VASO_SDK_NUMBER - 1;
    older.size = offsetof(VasoCard, components);
    const plugins::CardResult old = read(fake_library(bytes_of(older).substr(0, older.size)));
    REQUIRE_MESSAGE(old.found, old.why);
    CHECK(std::string(old.card.id) == "test");
    CHECK(std::string(old.card.components).empty());

    VasoCard newer = good_card("masking.x");
    newer.sdk = VASO_SDK_NUMBER + 1;
    newer.size = sizeof newer + 64;
    const plugins::CardResult fresh = read(fake_library(bytes_of(newer) + std::string(64, '?')));
    REQUIRE_MESSAGE(fresh.found, fresh.why);
    CHECK(fresh.card.sdk == VASO_SDK_NUMBER + 1);
  }

  // No assertion but the process's life (run it under a sanitizer to see more): each damaged file must give an answer.
  TEST_CASE_FIXTURE(Fixture, "no damage to a file brings the reader down") {
    const std::string whole = fake_library(bytes_of(good_card("masking.x")));
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const plugins::CardResult result = read(whole.substr(0, length));
      CHECK(!result.found);
      CHECK(!result.why.empty());
    }
    for (std::size_t place = 0; place < whole.size(); ++place) {
      for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
        std::string damaged = whole;
        damaged[place] = value;
        const plugins::CardResult result = read(damaged);
        CHECK(result.found == result.why.empty());
      }
    }
  }
}
