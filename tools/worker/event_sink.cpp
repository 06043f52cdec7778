#include "event_sink.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace vaso::worker {

using experiment::Event;

void EventSink::send(const Event& event) const {
  if (descriptor_ < 0) {
    if (event.kind != Event::Kind::progress) std::fprintf(stderr, "%s\n", event.text.c_str());
    return;
  }
  const std::string line = experiment::to_line(event);
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t written = ::write(descriptor_, line.data() + sent, line.size() - sent);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody listens any more; the run itself goes on to its next checkpoint
    sent += static_cast<std::size_t>(written);
  }
}

void EventSink::stage(const std::string& text) const { send({Event::Kind::stage, text, 0, 0, 0}); }
void EventSink::progress(std::int64_t done, std::int64_t total, const std::string& text) const {
  send({Event::Kind::progress, text, done, total, 0});
}
void EventSink::note(const std::string& text) const { send({Event::Kind::note, text, 0, 0, 0}); }
void EventSink::fault(const std::string& text, int code) const { send({Event::Kind::fault, text, 0, 0, code}); }
void EventSink::result(const std::string& json) const { send({Event::Kind::result, json, 0, 0, 0}); }

}  // namespace vaso::worker
