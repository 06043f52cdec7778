// What a worker tells the program that started it: one JSON object a line, on the descriptor named by --events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vaso::experiment {

struct Event {
  enum class Kind {
    stage,     // text: what begins now
    progress,  // done of total in the current stage; text: numbers worth seeing ("loss 0.812  41 images/s")
    note,      // text: worth a line that stays
    fault,     // text: an error, rendered in full; code: the exit code that will follow
    result,    // text: JSON, the answer of a query (plugins info, data info, doctor)
  };
  Kind kind = Kind::note;
  std::string text;
  std::int64_t done = 0;
  std::int64_t total = 0;
  int code = 0;
};

std::string to_line(const Event& event);              // JSON with "\n"
bool from_line(std::string_view line, Event& event);  // false: not one of ours

}  // namespace vaso::experiment
