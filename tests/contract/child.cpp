#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace vaso::contract {
namespace {

[[noreturn]] void be_child(const std::function<void(Report&)>& examine, int descriptor, unsigned seconds) {
  ::prctl(PR_SET_DUMPABLE, 0);
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, SIG_DFL);
  ::alarm(seconds);
#ifndef VASO_SANITIZED  // a sanitizer reserves terabytes of addresses
  constexpr rlim_t most_memory = rlim_t{8} << 30;
  const rlimit limit{most_memory, most_memory};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
  Report report(descriptor);
  try {
    examine(report);
  } catch (const std::exception& error) {
    report.fail(std::string("threw: ") + error.what());
  } catch (...) {
    report.fail("threw something that is no std::exception");
  }
  report.done();
  std::exit(0);
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 1; got != 0;) {
    got = ::read(descriptor, buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  return text;
}

}  // namespace

void Report::line(char kind, std::string text) {
  if (const std::size_t backtrace = text.find("\nException raised from"); backtrace != std::string::npos)
    text.resize(backtrace);  // a c10::Error goes on with addresses
  std::replace(text.begin(), text.end(), '\n', ' ');
  text = kind + text + '\n';
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

Outcome run_in_child(const std::function<void(Report&)>& examine, unsigned seconds) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(std::strerror(errno));
  std::cout.flush();  // or the child would print it again
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(std::strerror(errno));
  if (child == 0) be_child(examine, ends[1], seconds);
  ::close(ends[1]);
  std::istringstream lines(read_all(ends[0]));
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }

  Outcome outcome;
  std::string activity = "start";
  bool done = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string text = line.substr(std::min<std::size_t>(1, line.size()));
    switch (line.empty() ? ' ' : line[0]) {
      case 'A':
        activity = text;
        break;
      case 'C':
        ++outcome.passed;
        break;
      case 'F':
        outcome.failures.push_back(activity + ": " + text);
        break;
      case 'S':
        outcome.skipped.push_back(text);
        break;
      case 'D':
        done = true;
        activity = "exit";
        break;
      default:
        break;
    }
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    outcome.failures.push_back(activity + ": not finished within " + std::to_string(seconds) + " s");
  else if (WIFSIGNALED(status))
    outcome.failures.push_back(activity + ": crashed with signal " + std::to_string(WTERMSIG(status)) + " (" +
                               ::strsignal(WTERMSIG(status)) + ")");
  else if (WEXITSTATUS(status) != 0)
    outcome.failures.push_back(activity + ": ended with exit code " + std::to_string(WEXITSTATUS(status)));
  else if (!done)
    outcome.failures.push_back(activity + ": ended the process");
  return outcome;
}

}  // namespace vaso::contract
