#include "home.hpp"

#include "command_line.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

namespace vaso::cli {

fs::path database_file(const std::string& home) { return fs::path(home) / "vaso.db"; }

runs::Store open_for_runs(const std::string& home) {
  runs::Store store(database_file(home));
  if (store.read_only()) {
    throw runs::StoreError(
        fmt::format("{} can only be read: it was written by a newer VasoLab, or is not yours to write.\n"
                    "Nothing was started. Use that version, or another folder: --home DIR",
                    shown(store.file())));
  }
  look_after_running(store);
  return store;
}

std::optional<runs::Store> open_existing(const std::string& home) {
  const fs::path file = database_file(home);
  if (!fs::exists(file)) return std::nullopt;
  try {
    runs::Store store(file);
    if (!store.read_only()) look_after_running(store);
    return store;
  } catch (const runs::StoreError&) {
    // A colleague's folder may be readable only; if it is worse than that, this throws and says what.
    return runs::Store(file, runs::Store::Mode::read_only);
  }
}

void say_no_runs(const std::string& home) {
  fmt::print(stderr, "No runs yet in {}.\nStart some: vaso run experiments/quickstart.toml\n", shown(home));
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

Liveness liveness(const runs::Run& run) {
  if (run.host != host_name()) return Liveness::unknown;
  std::ifstream file(fmt::format("/proc/{}/cmdline", run.pid), std::ios::binary);
  const std::string words(std::istreambuf_iterator<char>(file), {});  // each ends with NUL; empty for a zombie
  // Process ids are reused: another program, or the worker of another run, may have this one's by now. Before the
  // worker exists, the row names the `vaso` that is about to start it.
  const bool worker = words.find("vaso-worker") != words.npos;
  const std::string own = fmt::format("--run{0}{1}{0}", '\0', run.id);
  const bool alive = worker ? words.find(own) != words.npos : words.find("vaso") != words.npos;
  return alive ? Liveness::alive : Liveness::dead;
}

void look_after_running(runs::Store& store) {
  for (runs::Run& run : store.with_status(runs::Status::running)) {
    const bool dead = liveness(run) == Liveness::dead;
    if (dead) {
      run.status = runs::Status::interrupted;
      run.finished = now_utc();
      run.pid = 0;
      run.message = "The process was gone without a word: it was killed, or the machine was restarted.";
    }
    store.absorb_spool(run);
    if (dead) store.update_if(runs::Status::running, run);  // unless its own `vaso` has just written how it ended
  }
}

runs::Run find_run(const runs::Store& store, const std::string& word) {
  std::int64_t id = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (failure != std::errc() || end != word.data() + word.size()) {
    throw UsageError(fmt::format("`{}` is no run: runs have numbers, see `vaso ls`.", word));
  }
  if (auto run = store.get(id)) return *run;
  throw UsageError(fmt::format("there is no run {} in {}; see `vaso ls`.", id, shown(store.file())));
}

void say_next(const std::string& command) {
  std::fflush(stdout);
  fmt::print(stderr, "{} {}\n", err().paint(Paint::dim, "Next:"), command);
}

std::string shown(const fs::path& path) {
  std::error_code failure;
  const fs::path here = fs::current_path(failure);
  const fs::path relative = path.is_absolute() ? path.lexically_relative(here) : path;
  return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
}

}  // namespace vaso::cli
