#include "live_view.hpp"

#include "forecast.hpp"
#include "run_progress.hpp"
#include "support/paths.hpp"
#include "support/pseudo_terminal.hpp"

#include <doctest/doctest.h>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>

using namespace vaso::cli;

namespace {

// What the view wrote into a file.
std::string logged(bool several, const std::function<void(LiveView&)>& use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  {
    const Terminal file(-1);
    LiveView view(file, stream, false, several);
    use(view);
  }
  std::fclose(stream);
  std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("in a log every line says whose it is") {
    const std::string text = logged(true, [](LiveView& view) {
      view.line("[1/2] pretrain");
      view.open(7, "[1/2]", "pretrain seed=0");
      view.open(8, "[2/2]", "pretrain seed=1");
      view.stage(7, "training");
      for (int i = 0; i <= 100; ++i) view.update(8, i, 100, "loss 0.5");
      view.count({1, 2, 0, 3, 10.0, false});
      view.refresh();
      view.close(8);
    });
    CHECK(text.find("[1/2]  training\n") != text.npos);
    CHECK(text.find("[2/2]   50 %  50/100") != text.npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 12);
    CHECK(text.find_first_of("\r\033") == text.npos);
  }

  TEST_CASE("with one run at a time nobody needs to be told") {
    const std::string text = logged(false, [](LiveView& view) {
      view.open(0, "[1/2]", "pretrain");
      view.note(0, "a\nb");
    });
    CHECK(text == "  a\n  b\n");
  }

  TEST_CASE(
      "on a terminal: a head line, a line for each run, nothing wider than the window, and all taken away again") {
    vaso::tests::PseudoTerminal window(60);
    const Terminal terminal(window.descriptor());
    REQUIRE(terminal.interactive());
    std::FILE* stream = fdopen(dup(window.descriptor()), "w");
    {
      LiveView view(terminal, stream, false, true);
      view.open(0, "[1/4]", "pretrain  guidance=none consistency=off seed=0");
      view.open(1, "[2/4]", "segmentor");
      view.count({1, 2, 1, 0, {}, false});
      view.update(0, 3, 10, "epoch 2/9  loss 0.8125 and a rather long text that cannot all be shown");
      const std::string painted = window.take();
      CHECK(painted.find("1 of 4 runs done, 2 running, 1 failed") != painted.npos);
      CHECK(painted.find("3/10") != painted.npos);
      CHECK(painted.find("segmentor") != painted.npos);
      std::size_t rows = 0;
      for (std::size_t at = 0; at < painted.size(); ++rows) {
        const std::size_t end = std::min(painted.find("\r\n", at), painted.size());
        CHECK(columns(painted.substr(at, end - at)) <= 59);
        at = end + 2;
      }
      CHECK(rows == 3);
      view.line("kept");
      CHECK(window.take() == "\r\033[2A\033[Jkept\r\n");
    }
    std::fclose(stream);
  }

  TEST_CASE("counts in words") {
    CHECK(to_text(StudyCounts{5, 2, 1, 8, 3720.0, false}) ==
          "5 of 16 runs done, 2 running, 1 failed, 8 left; about 1:02:00 to go");
    CHECK(to_text(StudyCounts{0, 0, 0, 2, 60.0, true}) == "0 of 2 runs done, 2 left; at least 1:00 to go");
    CHECK(to_text(StudyCounts{2, 0, 0, 0, {}, false}) == "2 of 2 runs done");
  }

  TEST_CASE("what is left takes as long as its like has taken") {
    Forecast forecast;
    CHECK_FALSE(forecast.seconds("pretrain", "", 100));
    forecast.learn("pretrain", "", 100, 50);
    forecast.learn("pretrain", "", 300, 350);
    CHECK(*forecast.seconds("pretrain", "", 200) == doctest::Approx(200));
    forecast.learn("finetune", "vessels", 10, 30);
    CHECK(*forecast.seconds("finetune", "vessels", 20) == doctest::Approx(60));
    CHECK(*forecast.seconds("finetune", "stenosis", 5) == doctest::Approx(15));  // of another task
    CHECK_FALSE(forecast.seconds("segmentor", "", 1));
  }

  TEST_CASE("progress that another process reads") {
    const vaso::tests::TemporaryFolder folder;
    CHECK_FALSE(read_progress(folder.path()));
    write_progress(folder.path(), {"training", "loss \xff 0.5", 3, 10, 12.5});
    const auto read = read_progress(folder.path());
    REQUIRE(read);
    CHECK(read->stage == "training");
    CHECK(read->done == 3);
    CHECK(read->seconds_left == 12.5);
    std::ofstream(folder.path() / "progress.json") << "{\"stage\": 3}";
    CHECK_FALSE(read_progress(folder.path()));
    remove_progress(folder.path());
    CHECK(std::filesystem::is_empty(folder.path()));
    write_progress(folder.path() / "not there", {});  // a run does not fail for it
  }
}
