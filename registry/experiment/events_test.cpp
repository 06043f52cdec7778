#include "experiment/events.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace vaso::experiment;

TEST_SUITE("unit") {
  TEST_CASE("events survive the way through a line") {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const Event events[] = {{Event::Kind::stage, "train the segmentor", 0, 0, 0},
                            {Event::Kind::progress, "loss 0.812  41 images/s", most, -most - 1, 0},
                            {Event::Kind::note, "é \"quotes\"\nand lines\t\x01", 0, 0, 0},
                            {Event::Kind::fault, "f.toml:1:1: error: x\n  1 | y\n", 0, 0, 3},
                            {Event::Kind::result, R"({"a":[1,2]})", 0, 0, 0}};
    for (const Event& event : events) {
      const std::string line = to_line(event);
      CAPTURE(line);
      CHECK(line.find('\n') == line.size() - 1);
      Event back;
      REQUIRE(from_line(line, back));
      CHECK(back.kind == event.kind);
      CHECK(back.text == event.text);
      CHECK(back.done == event.done);
      CHECK(back.total == event.total);
      CHECK(back.code == event.code);
    }
    CHECK(to_line(events[3]) == "{\"event\":\"fault\",\"text\":\"f.toml:1:1: error: x\\n  1 | y\\n\",\"code\":3}\n");
  }

  TEST_CASE("bytes that are no text do not break a line") {
    Event back;
    REQUIRE(from_line(to_line({Event::Kind::note, std::string("a\xff\0b", 4), 0, 0, 0}), back));
    CHECK(back.text == std::string("a\xEF\xBF\xBD\0b", 6));
  }

  TEST_CASE("lines that are not ours are refused and change nothing") {
    const std::string deep(100'000, '[');
    for (const std::string& line : {std::string(),
                                    std::string("\n"),
                                    std::string("hello"),
                                    std::string("{"),
                                    std::string("[]"),
                                    std::string("null"),
                                    std::string("3"),
                                    std::string("{}"),
                                    std::string(R"({"event":"boom","text":""})"),
                                    std::string(R"({"event":3})"),
                                    std::string(R"({"event":"note","text":3})"),
                                    std::string(R"({"event":"progress","done":1.5})"),
                                    std::string(R"({"event":"progress","done":"1"})"),
                                    std::string(R"({"event":"progress","done":9223372036854775808})"),
                                    std::string(R"({"event":"progress","done":1e30})"),
                                    std::string(R"({"event":"fault","code":4294967296})"),
                                    std::string(R"({"event":"fault","code":-4294967296})"),
                                    std::string(R"({"event":"note","text":"x")"),
                                    std::string("{\"event\":\"note\",\"text\":\"\xff\"}"),
                                    std::string("\0{}", 3),
                                    deep,
                                    R"({"event":)" + deep}) {
      Event event{Event::Kind::fault, "kept", 1, 2, 3};
      CAPTURE(line.substr(0, 80));
      CHECK_FALSE(from_line(line, event));
      CHECK(event.text == "kept");
      CHECK(event.code == 3);
    }
  }

  TEST_CASE("what a newer worker adds is ignored") {
    Event event;
    CHECK(from_line(R"({"event":"progress","text":"x","done":1,"total":2,"speed":[1,{}]})", event));
    CHECK(event.done == 1);
    CHECK(event.total == 2);
  }
}
