// Where a worker's words go: events on a descriptor, or lines for a person.
#pragma once

#include "experiment/events.hpp"

#include <string>

namespace vaso::worker {

class EventSink {
 public:
  explicit EventSink(int descriptor) : descriptor_(descriptor) {}
  void send(const experiment::Event& event) const;
  void stage(const std::string& text) const;
  void progress(std::int64_t done, std::int64_t total, const std::string& text) const;
  void note(const std::string& text) const;
  void fault(const std::string& text, int code) const;
  void result(const std::string& json) const;

 private:
  int descriptor_;
};

}  // namespace vaso::worker
