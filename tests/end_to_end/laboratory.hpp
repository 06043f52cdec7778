// A folder of its own with experiment files and a run database, and `vaso` to be called in it.
#pragma once

#include "runs/store.hpp"
#include "support/paths.hpp"

#include <sys/types.h>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vaso::tests {

struct Ended {
  int code = 0;  // 128 + signal where one killed it
  std::string out, err;

  // Both, for messages.
  std::string text() const { return out + err; }
  bool says(const std::string& words) const { return text().find(words) != std::string::npos; }
};

class Laboratory {
 public:
  Laboratory();

  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  std::filesystem::path write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& name) const;

  // Runs `vaso WORDS…` in the folder, with HOME "runs".
  Ended vaso(const std::vector<std::string>& words) const;
  // Starts it and returns at once; `before` is called in the new process.
  pid_t start(const std::vector<std::string>& words, const std::function<void()>& before = {}) const;
  Ended wait(pid_t process) const;

  runs::Store store() const { return runs::Store(path("runs/vaso.db")); }
  // Waits until the newest run of the phase has logged so many epochs, and returns it. Fails the test after a minute.
  runs::Run wait_for_epochs(const std::string& phase, std::size_t epochs) const;

 private:
  TemporaryFolder folder_;
};

// A whole experiment that takes seconds: a segmentor, then a pre-training with anatomy-guided masking. `name=text`
// pairs replace values, as --set does.
std::string tiny_experiment();
// The same, long enough to be stopped on its way: sixteen steps an epoch.
std::string stoppable_experiment();

// All metric series of a run but those that measure the machine.
std::map<std::string, std::vector<std::pair<std::int64_t, double>>> results(const runs::Store& store, std::int64_t run);

// The bytes of a file of a run.
std::string bytes_of(const runs::Run& run, const std::string& file);

}  // namespace vaso::tests
