#include "report/html/test_pictures.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace fs = std::filesystem;

namespace vaso::report {

std::map<std::string, TestPicture> test_pictures(const runs::Store& store, const runs::Run& run) {
  std::map<std::string, TestPicture> pictures;
  for (const runs::Artefact& artefact : store.artefacts(run.id)) {
    if (artefact.name != "test pictures") continue;
    const fs::path index = fs::path(run.folder) / artefact.file;
    std::ifstream stream(index);
    const nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("pictures") || !json["pictures"].is_array()) continue;
    for (const nlohmann::json& picture : json["pictures"]) {
      if (!picture.is_object()) continue;
      // A name alone: an index from elsewhere must not put other files of this machine into a page.
      const fs::path file = fs::path(picture.value("file", "")).filename();
      const TestPicture found{index.parent_path() / file, picture.value("width", 0), picture.value("height", 0)};
      if (found.width > 0 && found.height > 0) pictures[picture.value("image", "")] = found;
    }
  }
  return pictures;
}

}  // namespace vaso::report
