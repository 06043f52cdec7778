#include "host/trial.hpp"

#include "sdk/plugin.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <string_view>

namespace vaso {
namespace {

// What the child says, one letter each; `threw` is followed by the exception's words.
constexpr char loaded = 'L', refused_by_linker = 'R', entered = 'E', threw = 'T';

int report_descriptor = -1;  // in the child only: terminate handlers take no argument

void say(std::string_view words) {
  while (!words.empty()) {
    const ssize_t written = ::write(report_descriptor, words.data(), words.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) words.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void report_exception() {
  say({&threw, 1});
  if (const std::exception_ptr exception = std::current_exception()) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      say(error.what());
    } catch (...) {
      say("something that is no std::exception");
    }
  } else {
    say("nothing, but called std::terminate");
  }
  ::_exit(1);
}

class Ignore final : public Registrar {
 public:
  void add(ComponentEntry) override {}
  void failed(const char*) noexcept override {}  // the host asks for the reason when it calls the entry itself
};

[[noreturn]] void load_and_leave(const char* library) noexcept {
  ::prctl(PR_SET_DUMPABLE, 0);  // a crash is an answer here, not worth a core file
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGINT}) std::signal(signal, SIG_DFL);
  // What the plugin prints while it loads will be seen when this process loads it.
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  std::set_terminate(report_exception);

  void* handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    say({&refused_by_linker, 1});
    ::_exit(0);
  }
  say({&loaded, 1});
  if (auto* entry = reinterpret_cast<void (*)(Registrar&)>(::dlsym(handle, VASO_ENTRY_NAME))) {
    Ignore registrar;
    entry(registrar);
  }
  say({&entered, 1});
  ::_exit(0);
}

// Everything the child says until it falls silent for good; false where it takes too long.
bool listen(int descriptor, std::chrono::milliseconds patience, std::string& words) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  char buffer[4096];
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd source{descriptor, POLLIN, 0};
    const int ready = ::poll(&source, 1, static_cast<int>(left));
    if (ready <= 0) continue;  // interrupted, or the deadline has come
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    words.append(buffer, static_cast<std::size_t>(got));
  }
}

std::string verdict(std::string_view words, std::chrono::duration<double> patience, bool in_time, int status) {
  const bool survived_loading = words.starts_with(loaded);
  if (survived_loading) words.remove_prefix(1);
  const char* stage = survived_loading ? "in its entry" : "while being loaded";
  if (!in_time) return fmt::format("did not come back within {} s {}", patience.count(), stage);
  if (words.starts_with(threw))
    return fmt::format("its {} threw: {}", survived_loading ? "entry" : "static initialiser", words.substr(1));
  if (WIFSIGNALED(status))
    return fmt::format("crashed with signal {} ({}) {}", WTERMSIG(status), ::strsignal(WTERMSIG(status)), stage);
  if (words.starts_with(entered) || words.starts_with(refused_by_linker)) return {};
  return fmt::format("ended the process with exit code {} {}", WEXITSTATUS(status), stage);
}

}  // namespace

std::string try_in_child(const std::filesystem::path& library, std::chrono::milliseconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fmt::format("could not be tried in a child process: {}", std::strerror(errno));
  const pid_t child = ::fork();
  if (child < 0) {
    const int fault = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return fmt::format("could not be tried in a child process: {}", std::strerror(fault));
  }
  if (child == 0) {
    ::close(ends[0]);
    report_descriptor = ends[1];
    load_and_leave(library.c_str());
  }
  ::close(ends[1]);
  std::string words;
  const bool in_time = listen(ends[0], patience, words);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return verdict(words, patience, in_time, status);
}

}  // namespace vaso
