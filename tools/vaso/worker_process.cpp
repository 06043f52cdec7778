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

namespace vaso::cli {
namespace {

constexpr std::size_t kept_lines = 20;
constexpr off_t kept_bytes = 16384;

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

// Where standard output and error go. Throws WorkerError.
int open_output(const std::filesystem::path& log) {
  const int output = log.empty() ? memfd_create("vaso-worker output", MFD_CLOEXEC)
                                 : open(log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (output >= 0) return output;
  throw WorkerError(fmt::format("{} cannot be written: {}", log.empty() ? "the worker's output" : log.string(),
                                std::strerror(errno)));
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

}  // namespace

std::filesystem::path worker_program() {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return (failure ? std::filesystem::path(".") : self.parent_path()) / "vaso-worker";
}

void Descriptor::reset(int number) {
  if (number_ >= 0) ::close(number_);
  number_ = number;
}

WorkerProcess::WorkerProcess(WorkerCall call) : call_(std::move(call)), output_(open_output(call_.log)) {
  const std::string program = worker_program();
  if (access(program.c_str(), X_OK) != 0) {
    throw WorkerError(fmt::format("{} is not there or cannot be started ({}); build it: ninja vaso-worker", program,
                                  std::strerror(errno)));
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw WorkerError(fmt::format("no pipe can be made: {}", std::strerror(errno)));
  events_.reset(ends[0]);
  const Descriptor writing(ends[1]);

  std::vector<std::string> words = {program};
  words.insert(words.end(), call_.arguments.begin(), call_.arguments.end());
  words.insert(words.end(), {"--events", std::to_string(writing.get())});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  began_ = std::chrono::steady_clock::now();
  const StopSignals signals;
  const pid_t parent = getpid();
  // Threads of OpenMP wait for one another asleep: spinning, which is its default, makes training ten times slower as
  // soon as the machine has anything else to do. Read when the library loads, so it must be in the environment by now.
  setenv("OMP_WAIT_POLICY", "PASSIVE", /*overwrite=*/0);
  // Large tensors come and go with every step. malloc's default gives those above 32 MiB back to the kernel each time,
  // and a new one costs a page fault for every 4 KiB. So memory is kept, and asked for in large pages. Also read at the
  // start.
  setenv("GLIBC_TUNABLES",
         "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776:glibc.malloc.top_pad=67108864:"
         "glibc.malloc.hugetlb=1",
         /*overwrite=*/0);
  pid_ = fork();
  if (pid_ < 0) throw WorkerError(fmt::format("no process can be made: {}", std::strerror(errno)));
  if (pid_ == 0) {
    become_worker(program.c_str(), arguments.data(), writing.get(), output_.get(), parent,
                  StopSignals::mask_while_waiting());
  }
}

WorkerProcess::~WorkerProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void WorkerProcess::stop(bool at_once) {
  stopped_ = true;
  if (pid_ > 0) kill(pid_, at_once ? SIGKILL : SIGTERM);
}

void WorkerProcess::listen() {
  std::array<char, 65536> buffer;
  for (pollfd channel{events_.get(), POLLIN, 0}; talking_ && poll(&channel, 1, 0) > 0;) {
    const ssize_t got = read(events_.get(), buffer.data(), buffer.size());
    if (got > 0) hand_on({buffer.data(), static_cast<std::size_t>(got)});
    talking_ = got > 0 || (got < 0 && errno == EINTR);
  }
}

// Splits what arrives into lines and hands each event on. Lines that are none of ours are left out: the channel
// belongs to the worker alone, but a plugin may find its number.
void WorkerProcess::hand_on(std::string_view bytes) {
  pending_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    experiment::Event event;
    if (call_.event && experiment::from_line(std::string_view(pending_).substr(begin, end - begin), event))
      call_.event(event);
  }
  pending_.erase(0, begin);
}

std::optional<WorkerEnd> WorkerProcess::end() {
  int status = 0;
  rusage usage{};
  if (pid_ <= 0 || wait4(pid_, &status, WNOHANG, &usage) == 0) return std::nullopt;
  pid_ = -1;
  listen();  // its last words
  WorkerEnd end;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end.stopped = stopped_;
  end.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  end.peak_memory = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  end.last_lines = tail_of(output_.get());
  return end;
}

void wait_for_news(const std::vector<WorkerProcess*>& workers, std::chrono::milliseconds longest) {
  std::vector<pollfd> channels;
  for (const WorkerProcess* worker : workers) {
    // One that has closed its end is ending, and the kernel tells nobody when it has: look again in a moment.
    if (worker->talking_) {
      channels.push_back({worker->events_.get(), POLLIN, 0});
    } else {
      longest = std::min(longest, std::chrono::milliseconds(5));
    }
  }
  const timespec time{longest.count() / 1000, longest.count() % 1000 * 1'000'000};
  ppoll(channels.data(), channels.size(), &time, &StopSignals::mask_while_waiting());
}

WorkerEnd run_worker(WorkerCall call) {
  const StopSignals signals;
  WorkerProcess worker(std::move(call));
  for (int forwarded = 0;;) {
    wait_for_news({&worker}, std::chrono::seconds(1));
    for (; forwarded < StopSignals::requests(); ++forwarded) worker.stop(forwarded > 0);
    worker.listen();
    if (const auto end = worker.end()) return *end;
  }
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
