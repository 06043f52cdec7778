#include "export/event_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace vaso::exporting;

namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

constexpr double moment = 1772360551;  // 2026-03-01T10:22:31Z

}  // namespace

TEST_SUITE("reference") {
  // Messages encoded by protoc 3.21.12 from tensorflow's field numbers, framed by a bitwise CRC-32C in Python.
  TEST_CASE("records as protoc and an independent framing write them") {
    CHECK(hex(version_record(moment)) ==
          "1800000000000000a37f4b22090000c0d90469da411a0d627261696e2e4576656e743a32e8f0470e");
    CHECK(hex(scalar_record(moment, 300, "loss", 0.1)) ==
          "1b000000000000001a0d9e13090000c0d90469da4110ac022a0d0a0b0a046c6f737315cdcccc3d71870bb2");
    CHECK(
        hex(text_record(moment, "settings", "| a | b |")) ==
        "300000000000000095f5d05f090000c0d90469da412a250a230a0873657474696e6773420d080742097c2061207c2062207c4a080a060a"
        "04746578744a5eac6c");
  }
}
