// How long the two programs take from being started to having answered.
#include "bench.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

extern char** environ;

namespace vaso::bench {
namespace fs = std::filesystem;
namespace {

// Runs it to its end, its output thrown away. Any exit code will do: an empty run database is an answer too.
void call(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {1, 2}) posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error(fmt::format("{} cannot be started: {}", words[0], std::strerror(failed)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) throw std::runtime_error(fmt::format("{} was killed by a signal", words[0]));
}

class Start final : public Bench {
 public:
  void describe(Schema& s) override { s.field(times_, "times", "that a repetition starts each").range(1, 1000); }

  std::vector<Figure> measure(const Request& request) override {
    const fs::path worker = fs::read_symlink("/proc/self/exe");
    const std::string vaso = worker.parent_path() / "vaso";
    const auto milliseconds = [&](const std::vector<std::string>& words) {
      request.stage(fmt::format("starting {}", fmt::join(words, " ")));
      std::vector<double> values = seconds_each(request, [&] {
        for (std::int64_t i = 0; i < times_; ++i) call(words);
      });
      for (double& value : values) value *= 1e3 / static_cast<double>(times_);
      return values;
    };
    const std::vector<double> nothing = milliseconds({"/bin/true"});
    const double floor = *std::min_element(nothing.begin(), nothing.end());
    const std::string floor_is = "starting /bin/true";
    return {{"vaso --help", "ms", milliseconds({vaso, "--help"}), false, floor, floor_is},
            {"vaso ls", "ms", milliseconds({vaso, "ls"}), false, floor, floor_is},
            {"vaso plugins ls", "ms", milliseconds({vaso, "plugins", "ls"}), false, floor, floor_is},
            {"vaso-worker, with LibTorch", "ms", milliseconds({worker.string()}), false, floor, floor_is}};
  }

 private:
  std::int64_t times_ = 5;
};

}  // namespace

std::unique_ptr<Bench> start() { return std::make_unique<Start>(); }

}  // namespace vaso::bench
