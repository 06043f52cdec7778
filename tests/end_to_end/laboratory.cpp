#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

namespace fs = std::filesystem;

namespace vaso::tests {
namespace {

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void redirect(int descriptor, const fs::path& file) {
  const int target = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(target, descriptor);
}

}  // namespace

Laboratory::Laboratory() = default;

fs::path Laboratory::write(const std::string& name, const std::string& text) const {
  const fs::path file = path(name);
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string Laboratory::read(const std::string& name) const { return content(path(name)); }

pid_t Laboratory::start(const std::vector<std::string>& words, const std::function<void()>& before) const {
  const std::string program = fs::absolute(build_dir() / "bin" / "vaso");
  std::vector<std::string> copy = {program};
  copy.insert(copy.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : copy) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t process = fork();
  if (process != 0) return process;
  fs::current_path(folder_.path());
  for (const char* name : {"VASO_HOME", "VASO_PLUGIN_PATH"}) unsetenv(name);
  redirect(STDOUT_FILENO, path(".out-" + std::to_string(getpid())));
  redirect(STDERR_FILENO, path(".err-" + std::to_string(getpid())));
  if (before) before();
  execv(program.c_str(), arguments.data());
  _exit(127);
}

Ended Laboratory::wait(pid_t process) const {
  int status = 0;
  waitpid(process, &status, 0);
  Ended ended;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = read(".out-" + std::to_string(process));
  ended.err = read(".err-" + std::to_string(process));
  return ended;
}

Ended Laboratory::vaso(const std::vector<std::string>& words) const { return wait(start(words)); }

runs::Run Laboratory::wait_for_epochs(const std::string& phase, std::size_t epochs) const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < until) {
    if (fs::exists(path("runs/vaso.db"))) {
      const runs::Store now = store();
      const std::vector<runs::Run> all = now.all();
      if (!all.empty() && all.back().phase == phase && now.points(all.back().id, "loss").size() >= epochs)
        return all.back();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("no run of phase " << phase << " came so far");
  return {};
}

std::string tiny_experiment() {
  return R"(
name = "tiny"
seed = 3
threads = 1
phases = ["segmentor", "pretrain"]

[data]
dataset = "phantom"
[data.phantom]
count = 24
size = 96

[guidance]
filter = "frangi"
source = "co_guidance"

[segmentor]
epochs = 1
batch_size = 12
image_size = 32

[model]
encoder = "vit_ti"
dim = 24
depth = 1
heads = 2
image_size = 32
patch_size = 8

[objective]
name = "mae"
decoder_dim = 16
decoder_depth = 1
decoder_heads = 2

[masking]
strategy = "anatomy"
ratio = 0.5

[[loss]]
name = "pixel_reconstruction"

[optimizer]
warmup_epochs = 1

[pretrain]
epochs = 2
batch_size = 8
pictures = 2
)";
}

std::string stoppable_experiment() {
  std::string text = tiny_experiment();
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("count = 24", "count = 64");
  replace("epochs = 2\nbatch_size = 8", "epochs = 12\nbatch_size = 4");
  return text;
}

std::map<std::string, std::vector<std::pair<std::int64_t, double>>> results(const runs::Store& store,
                                                                            std::int64_t run) {
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> all;
  for (const std::string& name : store.series(run)) {
    if (name == "images_per_second" || name == "waiting_share") continue;
    for (const runs::Point& point : store.points(run, name)) all[name].emplace_back(point.step, point.value);
  }
  return all;
}

std::string bytes_of(const runs::Run& run, const std::string& file) {
  const fs::path path = fs::path(run.folder) / file;
  REQUIRE_MESSAGE(fs::exists(path), path.string() << " is not there");
  return content(path);
}

}  // namespace vaso::tests
