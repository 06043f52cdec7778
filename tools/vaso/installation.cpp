#include "installation.hpp"

namespace fs = std::filesystem;

namespace vaso::cli {

fs::path installation() {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  return unknown ? fs::path(".") : program.parent_path().parent_path();
}

fs::path shared_file(const fs::path& name) { return installation() / "share" / "vasolab" / name; }

std::string experiment_file(const std::string& word) {
  std::error_code ignored;
  if (fs::exists(word, ignored) || !word.starts_with("experiments/")) return word;
  const fs::path shipped = shared_file(word);
  return fs::exists(shipped, ignored) ? shipped.string() : word;
}

}  // namespace vaso::cli
