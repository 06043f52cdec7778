#include "run_progress.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

fs::path file_in(const fs::path& folder) { return folder / "progress.json"; }

}  // namespace

void write_progress(const fs::path& folder, const RunProgress& progress) {
  Json out = {{"stage", progress.stage}, {"text", progress.text}, {"done", progress.done}, {"total", progress.total}};
  if (progress.seconds_left) out["seconds_left"] = *progress.seconds_left;
  const fs::path file = file_in(folder), draft = file.string() + ".new";
  std::ofstream stream(draft);
  stream << out.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  stream.close();
  std::error_code failure;
  if (stream) fs::rename(draft, file, failure);
}

std::optional<RunProgress> read_progress(const fs::path& folder) {
  std::ifstream stream(file_in(folder));
  const Json in = Json::parse(stream, nullptr, false);
  if (!in.is_object()) return std::nullopt;
  try {
    RunProgress progress{in.at("stage"), in.at("text"), in.at("done"), in.at("total"), {}};
    if (in.contains("seconds_left")) progress.seconds_left = in.at("seconds_left").get<double>();
    return progress;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void remove_progress(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(file_in(folder), ignored);
  fs::remove(file_in(folder).string() + ".new", ignored);
}

}  // namespace vaso::cli
