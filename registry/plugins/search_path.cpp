#include "plugins/catalogue.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace vaso::plugins {

std::vector<std::filesystem::path> search_path(const std::vector<std::filesystem::path>& configured) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders;
  const auto add = [&](const fs::path& folder) {
    if (folder.empty()) return;
    std::error_code ignored;
    fs::path whole = fs::weakly_canonical(folder, ignored);
    if (ignored) whole = fs::absolute(folder, ignored).lexically_normal();
    if (std::find(folders.begin(), folders.end(), whole) == folders.end()) folders.push_back(whole);
  };

  for (const fs::path& folder : configured) add(folder);

  const char* variable = std::getenv("VASO_PLUGIN_PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    add(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }

  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  if (!unknown) {
    add(program.parent_path() / ".." / "plugins");
    add(program.parent_path() / ".." / "lib" / "vasolab" / "plugins");
  }
  return folders;
}

}  // namespace vaso::plugins
