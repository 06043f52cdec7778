// Every experiment that is shipped can be run as it stands, once it is told where data lie.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

using Words = std::vector<std::string>;

// What a file is to be told; it needs no data where that is nothing.
struct Shipped {
  std::string file;
  Words settings;
};

std::vector<Shipped> shipped() {
  const std::string frames = "data.images.root=[\"" + (data_dir() / "frames").string() + "\"]";
  const std::string arcade = (data_dir() / "arcade").string();
  const std::string stenosis = (data_dir() / "danilov_stenosis").string();
  const std::string small = "downstream.vessels.arcade.root=" + arcade;
  // The frames here come without the filter masks that the published data set brings.
  const Words published = {frames, "data.images.masks=none", "guidance.filter=sato", "guidance.co_guidance.first=sato"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const Words paper = with(published, {"downstream.arcade_v.arcade.root=" + arcade,
                                       "downstream.xcav.xcav.root=" + (data_dir() / "xcav").string()});
  return {{"quickstart.toml", {}},
          {"downstream.toml", {}},
          {"pretrain_small.toml", {frames}},
          {"real_frames.toml", {frames}},
          {"vasomim_vit_b.toml", published},
          {"arcade.toml", {small, "downstream.vessels.init=scratch"}},
          {"stenosis.toml", {"downstream.detection.stenosis.root=" + stenosis, "downstream.detection.init=scratch"}},
          {"small/main.toml", {frames, small}},
          {"small/ablation.toml", {frames, small}},
          {"small/strategies.toml", {frames, small}},
          {"small/detection.toml", {frames, "downstream.stenosis.stenosis.root=" + stenosis}},
          {"paper/main.toml", paper},
          {"paper/ablation.toml", paper},
          {"paper/strategies.toml", paper},
          {"paper/detection.toml", with(published, {"downstream.stenosis.stenosis.root=" + stenosis})}};
}

// Parts that the studies of a folder share, and that are no experiments by themselves.
bool is_part(const std::string& file) { return file.ends_with("protocol.toml") || file.ends_with("vessels.toml"); }

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("every experiment that is shipped can be run") {
    const std::filesystem::path folder = std::filesystem::absolute(source_dir() / "experiments");
    const std::vector<Shipped> all = shipped();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string file = entry.path().lexically_relative(folder);
      if (!file.ends_with(".toml") || is_part(file)) continue;
      const auto same = [&](const Shipped& each) { return each.file == file; };
      CHECK_MESSAGE(std::any_of(all.begin(), all.end(), same), file << " is not checked here");
    }
    const bool data = std::filesystem::is_directory(data_dir() / "frames");
    if (!data) MESSAGE("skipped those that need data: none in " << data_dir().string());
    const Laboratory lab;
    for (const Shipped& each : all) {
      if (!data && !each.settings.empty()) continue;
      Words words = {"config", "check", (folder / each.file).string(), "--set", "study.seeds=[0]"};
      for (const std::string& setting : each.settings) words.insert(words.end(), {"--set", setting});
      const Ended checked = lab.vaso(words);
      INFO(each.file << "\n" << checked.text());
      CHECK(checked.code == 0);
    }
  }
}
