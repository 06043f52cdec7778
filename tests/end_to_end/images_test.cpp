// Data as users have it, damaged files included.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

// A grey picture with a dark stripe, in the simplest format there is.
std::string pgm(int width, int height) {
  std::string text = "P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      text += static_cast<char>(x > width / 2 - 3 && x < width / 2 + 3 ? 60 + y % 20 : 170 + (x * 7 + y * 3) % 30);
  }
  return text;
}

// The tiny experiment on a folder "frames" beside it, which holds sixteen good images.
void with_frames(const Laboratory& lab) {
  std::string text = tiny_experiment();
  const std::string phantom = "dataset = \"phantom\"\n[data.phantom]\ncount = 24\nsize = 96\n";
  REQUIRE(text.find(phantom) != text.npos);
  text.replace(text.find(phantom), phantom.size(), "dataset = \"images\"\n[data.images]\nroot = [\"frames\"]\n");
  lab.write("study/frames.toml", text);
  for (int i = 0; i < 16; ++i) lab.write("study/frames/" + std::to_string(10 + i) + ".pgm", pgm(96, 96));
}

void refused(const Laboratory& lab, const std::vector<std::string>& said) {
  const Ended ended = lab.vaso({"run", "study/frames.toml"});
  INFO(ended.text());
  CHECK(ended.code != 0);
  for (const std::string& words : said) CHECK_MESSAGE(ended.says(words), "does not say " << words);
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a folder beside the experiment file is found from anywhere") {
    const Laboratory lab;
    with_frames(lab);
    const Ended ended = lab.vaso({"run", "study/frames.toml"});
    INFO(ended.text());
    CHECK(ended.code == 0);
    // What is recorded stands on its own: the run's own file names the folder wherever that file lies.
    const std::string recorded = bytes_of(lab.store().all().back(), "config.toml");
    CHECK(recorded.find((lab.path("study/frames")).string()) != std::string::npos);
    const Ended info = lab.vaso({"data", "info", "study/frames"});
    INFO(info.text());
    CHECK(info.code == 0);
    CHECK(info.says("16"));
  }

  TEST_CASE("an empty folder") {
    const Laboratory lab;
    with_frames(lab);
    std::filesystem::remove_all(lab.path("study/frames"));
    std::filesystem::create_directories(lab.path("study/frames"));
    refused(lab, {"frames"});
  }

  TEST_CASE("a truncated file, an empty one, one of another kind, one too small") {
    const Laboratory lab;
    with_frames(lab);
    const std::string whole = pgm(96, 96);
    lab.write("study/frames/20.pgm", whole.substr(0, whole.size() / 2));
    refused(lab, {"20.pgm"});
    lab.write("study/frames/20.pgm", "");
    refused(lab, {"20.pgm"});
    lab.write("study/frames/20.pgm", "not an image at all");
    refused(lab, {"20.pgm"});
    lab.write("study/frames/20.pgm", whole);

    lab.write("tiny.toml", tiny_experiment());
    REQUIRE(lab.vaso({"data", "preview", "tiny.toml", "--count", "2", "--out", "picture.png"}).code == 0);
    const std::string png = lab.read("picture.png");
    REQUIRE(png.size() > 1000);
    lab.write("study/frames/30.png", png.substr(0, png.size() / 2));
    refused(lab, {"30.png"});
    const Ended info = lab.vaso({"data", "info", "study/frames"});
    CHECK(info.says("30.png"));
  }

  TEST_CASE("a mask of another size") {
    const Laboratory lab;
    with_frames(lab);
    for (int i = 0; i < 16; ++i)
      lab.write("study/frames_frangi/" + std::to_string(10 + i) + ".pgm", pgm(i == 7 ? 64 : 96, 96));
    refused(lab, {"17.pgm", "64×96", "96×96"});
  }
}
