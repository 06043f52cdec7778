// A study's page and two runs side by side, as a user meets them; the page in a browser where one is installed.
#include "laboratory.hpp"
#include "support/example_study.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

using namespace vaso;
using namespace vaso::tests;
namespace fs = std::filesystem;

namespace {

// "" where none is installed.
std::string browser() {
  const char* search = std::getenv("PATH");
  std::istringstream folders(search == nullptr ? "" : search);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome", "chrome"}) {
      if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
    }
  }
  return "";
}

// What the browser makes of a page, and what it says on the way.
std::string browse(const Laboratory& lab, const std::string& program, const std::string& options,
                   const fs::path& page) {
  const std::string command = fmt::format(
      "HOME='{0}' '{1}' --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr "
      "--user-data-dir='{0}/browser' {2} 'file://{3}' 2>&1",
      lab.path("").string(), program, options, page.string());
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> bytes;
  for (std::size_t count; (count = fread(bytes.data(), 1, bytes.size(), pipe)) > 0;) text.append(bytes.data(), count);
  CHECK(pclose(pipe) == 0);
  return text;
}

// Width and height of a PNG file: bytes 16 to 23.
std::pair<int, int> size_of_png(const std::string& bytes) {
  REQUIRE(bytes.size() > 24);
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  return {number(16), number(20)};
}

void fill_home(const Laboratory& lab) {
  fs::create_directories(lab.path("runs"));
  runs::Store store(lab.path("runs/vaso.db"));
  fill(store, lab.path("runs"), {.odd = " <i>&amp;"});
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a report is written from the database alone, also of a study that is not through") {
    const Laboratory lab;
    fill_home(lab);
    const Ended made = lab.vaso({"report", "ablation", "--out", "page"});
    INFO(made.text());
    REQUIRE(made.code == 0);
    CHECK(made.out == "page/index.html\n");
    CHECK(lab.read("page/index.html").find("</html>") != std::string::npos);
    CHECK(lab.read("page/pretrain-loss.svg").find("</svg>") != std::string::npos);
    CHECK(lab.vaso({"report", "ablation", "--quiet"}).out == "ablation-report/index.html\n");

    const Ended unknown = lab.vaso({"report", "ablatoin"});
    CHECK(unknown.code == 2);
    CHECK(unknown.says("did you mean `ablation`?"));
    const Ended metric = lab.vaso({"report", "ablation", "--metric", "test.dicee"});
    CHECK(metric.code == 2);
    CHECK(metric.says("test.dice"));
    CHECK(lab.vaso({"report", "ablation", "--pair", "images"}).code == 2);
    CHECK(lab.vaso({"report", "ablation", "--cases", "-1"}).code == 2);
    lab.write("file", "");
    const Ended full = lab.vaso({"report", "ablation", "--out", "file/page"});
    CHECK(full.code != 0);
    CHECK(full.says("file/page"));
    const Laboratory empty;
    CHECK(empty.vaso({"report", "ablation"}).code == 2);
  }

  TEST_CASE("a browser shows the page without a fault, and it fits a phone") {
    const std::string program = browser();
    if (program.empty()) {
      MESSAGE("skipped: neither chromium nor chrome is installed");
      return;
    }
    const Laboratory lab;
    fill_home(lab);
    REQUIRE(lab.vaso({"report", "ablation", "--out", "page", "--quiet"}).code == 0);
    const std::string dom = browse(lab, program, "--dump-dom", lab.path("page/index.html"));
    CHECK(dom.find("CONSOLE") == std::string::npos);  // no message of the page
    CHECK(dom.find("Where the numbers come from") != std::string::npos);
    for (const int width : {1280, 390}) {
      const std::string picture = lab.path(fmt::format("page-{}.png", width));
      browse(lab, program, fmt::format("--window-size={},2000 --screenshot='{}'", width, picture),
             lab.path("page/index.html"));
      CHECK(size_of_png(lab.read(fmt::format("page-{}.png", width))) == std::pair(width, 2000));
    }
    // The page in a frame as wide as a phone: nothing reaches beyond it but what scrolls by itself.
    lab.write(
        "page/phone.html",
        "<iframe src=\"index.html\" style=\"width:390px;height:800px;border:0\" onload=\"document.title = 'width ' + "
        "this.contentDocument.documentElement.scrollWidth\"></iframe>");
    CHECK(browse(lab, program, "--allow-file-access-from-files --dump-dom", lab.path("page/phone.html"))
              .find("<title>width 390</title>") != std::string::npos);
  }

  TEST_CASE("two runs side by side: settings, plugins, metrics, images") {
    const Laboratory lab;
    fill_home(lab);
    std::string first, second;
    {
      const runs::Store store = lab.store();
      first = std::to_string(store.newest_with_identity("vessels-0-1")->id);
      second = std::to_string(store.newest_with_identity("vessels-2-0")->id);
    }
    const Ended shown = lab.vaso({"diff", first, second});
    INFO(shown.text());
    REQUIRE(shown.code == 0);
    CHECK(shown.says("test.dice"));
    CHECK(shown.says("seed"));
    CHECK(shown.says("40"));  // images
    CHECK(shown.says("│"));
    CHECK(shown.says("phase pretrain"));  // what they build on
    CHECK(shown.says("frangi"));
    const Ended json = lab.vaso({"diff", first, second, "--format", "json"});
    const auto parsed = nlohmann::json::parse(json.out);
    CHECK(parsed["settings"]["seed"] == nlohmann::json({"1", "0"}));
    CHECK(parsed["images"]["test.dice"]["count"] == 40);
    const double difference = parsed["metrics"]["test.dice"]["difference"];
    const runs::Store store = lab.store();
    CHECK(difference == doctest::Approx(store.points(std::stoll(second), "test.dice").front().value -
                                        store.points(std::stoll(first), "test.dice").front().value));
    CHECK(lab.vaso({"diff", first, first}).says("one identity"));
    CHECK(lab.vaso({"diff", first}).code == 2);
    CHECK(lab.vaso({"diff", first, "9999"}).says("there is no run 9999"));
    const Ended show = lab.vaso({"show", first});
    CHECK(show.says("Results"));
    CHECK(show.says("best"));
    CHECK(lab.vaso({"show", first, "--format", "toml"}).out == "seed = 1\n");
  }
}
