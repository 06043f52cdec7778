#include "worker_process.hpp"

#include "exit_codes.hpp"
#include "stop_signals.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>

namespace vaso::cli {
namespace {

constexpr std::size_t kept_lines = 20;
constexpr off_t kept_bytes = 16384;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// Between fork and exec: only calls that are safe in a copy of a process.
[[noreturn]] void become_worker(const char* program, char* const* arguments, int events, int output, pid_t parent,
                                const sigset_t& mask) {
  // Ctrl-C in a terminal reaches the whole process group: the parent alone decides what it means, also in the half
  // second before the worker has set its own handlers. A parent that is gone must not kill it through a broken pipe.
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_IGN);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(exit_interrupted);  // it died before the line above
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  fcntl(events, F_SETFD, 0);
  execv(program, arguments);
  constexpr char complaint[] = "vaso-worker could not be started\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, complaint, sizeof complaint - 1);
  _exit(127);
}

std::string tail_of(int descriptor) {
  const off_t size = lseek(descriptor, 0, SEEK_END);
  if (size <= 0) return {};
  const off_t from = std::max<off_t>(0, size - kept_bytes);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t got = pread(descriptor, text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::size_t at = text.size();
  for (std::size_t lines = 0; lines < kept_lines && at != std::string::npos && at > 0; ++lines)
    at = text.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

// Splits what arrives into lines and hands each event on. Lines that are none of ours are left out: the channel
// belongs to the worker alone, but a plugin may find its number.
class EventReader {
 public:
  explicit EventReader(const std::function<void(const experiment::Event&)>& handle) : handle_(handle) {}
  void feed(std::string_view bytes) {
    pending_ += bytes;
    std::size_t begin = 0;
    for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      experiment::Event event;
      if (handle_ && experiment::from_line(std::string_view(pending_).substr(begin, end - begin), event))
        handle_(event);
    }
    pending_.erase(0, begin);
  }

 private:
  const std::function<void(const experiment::Event&)>& handle_;
  std::string pending_;
};

}  // namespace

std::filesystem::path worker_program() {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return (failure ? std::filesystem::path(".") : self.parent_path()) / "vaso-worker";
}

WorkerEnd run_worker(const WorkerCall& call) {
  const std::string program = worker_program();
  if (access(program.c_str(), X_OK) != 0) {
    throw WorkerError(fmt::format("{} cannot be run: {}.\nIt is built beside vaso: ninja -C build vaso-worker", program,
                                  std::strerror(errno)));
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw WorkerError(fmt::format("no pipe can be made: {}", std::strerror(errno)));
  Descriptor reading(ends[0]), writing(ends[1]);
  const Descriptor output(call.log.empty() ? memfd_create("vaso-worker output", MFD_CLOEXEC)
                                           : open(call.log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (output.get() < 0) {
    throw WorkerError(fmt::format("{} cannot be written: {}",
                                  call.log.empty() ? "the worker's output" : call.log.string(), std::strerror(errno)));
  }

  std::vector<std::string> words = {program};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  words.insert(words.end(), {"--events", std::to_string(writing.get())});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const auto began = std::chrono::steady_clock::now();
  const StopSignals signals;
  const pid_t parent = getpid();
  // Threads of OpenMP wait for one another asleep: spinning, which is its default, makes training ten times slower as
  // soon as the machine has anything else to do. Read when the library loads, so it must be in the environment by now.
  setenv("OMP_WAIT_POLICY", "PASSIVE", /*overwrite=*/0);
  const pid_t worker = fork();
  if (worker < 0) throw WorkerError(fmt::format("no process can be made: {}", std::strerror(errno)));
  if (worker == 0) {
    become_worker(program.c_str(), arguments.data(), writing.get(), output.get(), parent,
                  StopSignals::mask_while_waiting());
  }
  writing.close();
  if (call.started) call.started(worker);

  EventReader reader(call.event);
  int forwarded = 0;
  const auto forward_stop = [&] {
    const int requests = StopSignals::requests();
    if (requests <= forwarded) return;
    const bool at_once = forwarded > 0;
    forwarded = requests;
    kill(worker, at_once ? SIGKILL : SIGTERM);
    if (call.stopping) call.stopping(at_once);
  };
  for (bool open = true; open;) {
    pollfd channel{reading.get(), POLLIN, 0};
    const int ready = ppoll(&channel, 1, nullptr, &StopSignals::mask_while_waiting());
    forward_stop();
    if (ready <= 0) continue;  // a signal
    std::array<char, 65536> buffer;
    const ssize_t got = read(reading.get(), buffer.data(), buffer.size());
    if (got > 0) reader.feed({buffer.data(), static_cast<std::size_t>(got)});
    open = got > 0 || (got < 0 && errno == EINTR);
  }

  // The worker has closed its end: it is ending. Stop signals still count while it does.
  int status = 0;
  rusage usage{};
  while (wait4(worker, &status, WNOHANG, &usage) == 0) {
    const timespec moment{0, 5'000'000};
    ppoll(nullptr, 0, &moment, &StopSignals::mask_while_waiting());
    forward_stop();
  }
  WorkerEnd end;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end.stopped = forwarded > 0;
  end.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  end.peak_memory = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  end.last_lines = tail_of(output.get());
  return end;
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string describe(const WorkerEnd& end) {
  if (end.signal != 0) return fmt::format("was killed by {} ({})", signal_name(end.signal), sigdescr_np(end.signal));
  return fmt::format("ended with code {}", end.exit_code);
}

}  // namespace vaso::cli
