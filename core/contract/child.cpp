#include "contract/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string_view>

namespace vaso::contract {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_failures = 4;  // of one check: what follows says the same again
constexpr std::size_t kept_lines = 5, kept_bytes = 4096;
constexpr const char* ending = "clean exit";
constexpr const char* ending_cure =
    "Let destructors of statics touch neither LibTorch nor each other; start no thread that outlives its component.";

[[noreturn]] void be_child(const std::function<void(Report&)>& examine, int descriptor, int output) {
  ::prctl(PR_SET_DUMPABLE, 0);  // a crash is an answer here, not worth a core file
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);  // what the plugin starts dies with it
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM}) std::signal(signal, SIG_DFL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
#ifndef VASO_SANITIZED  // a sanitizer reserves terabytes of addresses
  constexpr rlim_t most_memory = rlim_t{8} << 30;
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, most_memory);
  ::setrlimit(RLIMIT_DATA, &limit);
#endif
  Report report(descriptor);
  try {
    examine(report);
  } catch (const std::exception& error) {
    report.fail("nothing is thrown", words_of(error));
  } catch (...) {
    report.fail("nothing is thrown", "something that is no std::exception");
  }
  report.done();
  std::exit(0);
}

// The end of what the child printed.
std::string last_lines(int descriptor) {
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  if (size <= 0) return {};
  std::string text(std::min<std::size_t>(static_cast<std::size_t>(size), kept_bytes), '\0');
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), size - static_cast<off_t>(text.size()));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::size_t begin = text.size();
  for (std::size_t lines = 0; lines < kept_lines && begin != std::string::npos && begin > 0; ++lines)
    begin = text.rfind('\n', begin - 1);
  return begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
}

// Puts together what the lines say.
class Listener {
 public:
  void hear(std::string_view bytes) {
    pending_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const Json line = Json::parse(std::string_view(pending_).substr(begin, end - begin), nullptr, false);
      if (line.is_object()) take(line);
    }
    pending_.erase(0, begin);
  }

  // The process ended in the middle of something.
  void broke_off(const std::string& found) {
    told.broke_off = done_ ? ending : check_;
    if (done_) {
      check_ = ending;
      cure_ = ending_cure;
      where_ = {};
    }
    add(check_, {"the process goes on", where_, found, cure_});
  }
  void ended_well() {
    if (done_) result(ending).held += 1;
  }
  bool done() const { return done_; }

  Told told;
  Clock::time_point began = Clock::now();  // the check under way

 private:
  Result& result(const std::string& check) {
    for (Result& each : told.results)
      if (each.check == check) return each;
    told.results.push_back({check, Outcome::passed, {}, 0, {}});
    return told.results.back();
  }
  void add(const std::string& check, Failure failure) {
    Result& place = result(check);
    place.outcome = Outcome::failed;
    const bool known = std::any_of(place.failures.begin(), place.failures.end(),
                                   [&](const Failure& each) { return each.rule == failure.rule; });
    if (!known && place.failures.size() < most_failures) place.failures.push_back(std::move(failure));
  }
  void take(const Json& line) {
    const auto text = [&](const char* key) { return line.value(key, ""); };
    if (line.contains("begin")) {
      check_ = text("begin");
      cure_ = text("cure");
      where_ = {};
      result(check_);
      began = Clock::now();
    } else if (line.contains("doing")) {
      where_ = text("doing");
    } else if (line.contains("fail")) {
      add(text("fail"), {text("rule"), text("where"), text("found"), text("cure")});
    } else if (line.contains("end")) {
      Result& ended = result(text("end"));
      ended.held += line.value("held", std::int64_t{0});
      ended.note = text("note");
      if (const std::string why = text("skipped"); !why.empty() && ended.outcome == Outcome::passed) {
        ended.outcome = Outcome::skipped;
        ended.note = why;
      }
    } else if (line.contains("nothing_more")) {
      told.nothing_more = text("nothing_more");
    } else if (line.contains("done")) {
      done_ = true;
      began = Clock::now();
    }
  }

  std::string pending_, check_ = "door", cure_, where_;
  bool done_ = false;
};

// Until the child falls silent for good, hangs, or is no longer wanted. "": it fell silent.
std::string listen(int descriptor, std::chrono::seconds patience, const std::function<bool()>& stop,
                   Listener& listener) {
  char buffer[4096];
  for (;;) {
    if (stop()) {
      listener.told.interrupted = true;
      return "stopped";
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(listener.began + patience - Clock::now());
    if (left.count() <= 0) return fmt::format("not finished within {} s", patience.count());
    pollfd source{descriptor, POLLIN, 0};
    if (::poll(&source, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 500))) <= 0) continue;
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    listener.hear({buffer, static_cast<std::size_t>(got)});
  }
}

// The child's end; killed where it outlives its last word.
int reap(pid_t child, std::chrono::seconds patience) {
  int status = 0;
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return status;
    if (Clock::now() > deadline) ::kill(-child, SIGKILL);
    ::poll(nullptr, 0, 2);
  }
}

std::string verdict(int status, bool done) {
  if (WIFSIGNALED(status))
    return fmt::format("crashed with signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return done ? "" : "ended the process";
}

}  // namespace

const char* to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::skipped:
      return "skipped";
  }
  return "";
}

Told in_child(const std::function<void(Report&)>& examine, std::chrono::seconds patience,
              const std::function<bool()>& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(std::strerror(errno));
  const int output = ::memfd_create("output of a plugin", MFD_CLOEXEC);
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(std::string("no process can be made: ") + std::strerror(errno));
  if (child == 0) {
    ::close(ends[0]);
    be_child(examine, ends[1], output);
  }
  ::close(ends[1]);
  Listener listener;
  std::string why = listen(ends[0], patience, stop, listener);
  ::close(ends[0]);
  if (!why.empty()) ::kill(-child, SIGKILL);
  const int status = reap(child, patience);
  if (why.empty()) why = verdict(status, listener.done());
  if (listener.told.interrupted) {
  } else if (why.empty()) {
    listener.ended_well();
  } else {
    const std::string words = last_lines(output);
    listener.broke_off(words.empty() ? why : fmt::format("{}; its last words: {}", why, words));
  }
  ::close(output);
  return std::move(listener.told);
}

}  // namespace vaso::contract
