#include "named_study.hpp"

#include "command_line.hpp"
#include "home.hpp"
#include "installation.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {

runs::StudyRecord named_study(const runs::Store& store, const std::string& word) {
  if (auto study = store.study(word)) return *study;
  const std::vector<std::string> names = store.studies();
  std::error_code failure;
  const fs::path file = fs::absolute(experiment_file(word), failure).lexically_normal();
  for (const std::string& name : names) {
    auto study = store.study(name);
    if (study && !failure && fs::path(study->file) == file) return *study;
  }
  if (names.empty()) {
    throw UsageError(fmt::format("{} holds no study yet. `vaso study run FILE` makes one.", shown(store.file())));
  }
  throw UsageError(
      with_suggestion(fmt::format("there is no study `{}` in {}", word, shown(store.file())), word, names));
}

}  // namespace vaso::cli
