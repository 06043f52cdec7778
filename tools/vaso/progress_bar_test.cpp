#include "progress_bar.hpp"

#include "support/pseudo_terminal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

using namespace vaso::cli;

namespace {

// What the bar wrote into a file.
template <class Use>
std::string written(bool quiet, Use use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  {
    const Terminal file(-1);
    ProgressBar bar(file, stream, quiet);
    use(bar);
  }
  std::fclose(stream);
  std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("in a file there is a line every ten percent, and no control character") {
    const std::string text = written(false, [](ProgressBar& bar) {
      bar.stage("training");
      for (int i = 0; i <= 1000; ++i) bar.update(i, 1000, "loss 0.5");
    });
    CHECK(std::count(text.begin(), text.end(), '\n') == 11);
    CHECK(text.find("training") != text.npos);
    CHECK(text.find(" 50 %  500/1000") != text.npos);
    CHECK(text.find("100 %  1000/1000") != text.npos);
    CHECK(text.find_first_of("\r\033") == text.npos);
  }

  TEST_CASE("a resumed stage does not repeat the tenths that were done before") {
    const std::string text = written(false, [](ProgressBar& bar) {
      bar.stage("training");
      for (int i = 55; i <= 100; ++i) bar.update(i, 100, "");
    });
    CHECK(text.find("55 %") == text.npos);
    CHECK(text.find("60 %") != text.npos);
  }

  TEST_CASE("quiet means nothing") {
    CHECK(written(true, [](ProgressBar& bar) {
            bar.stage("training");
            bar.update(0, 2, "");
            bar.update(2, 2, "");
            bar.line("note");
          }).empty());
  }

  TEST_CASE("on a terminal the bar stays within the window and is taken away before a line") {
    vaso::tests::PseudoTerminal pseudo(50);
    const Terminal terminal(pseudo.descriptor());
    REQUIRE(terminal.interactive());
    std::FILE* stream = fdopen(dup(pseudo.descriptor()), "w");
    {
      ProgressBar bar(terminal, stream, false);
      bar.update(3, 10, "epoch 2/9  loss 0.8125  a rather long text that cannot all be shown");
      const std::string drawn = pseudo.take();
      REQUIRE(drawn.starts_with("\r"));
      CHECK(columns(drawn.substr(1, drawn.find("\033[K") - 1)) <= 49);
      CHECK(drawn.find("30 %  3/10") != drawn.npos);
      bar.line("kept");
      CHECK(pseudo.take() == "\r\033[K  kept\r\n");
    }
    std::fclose(stream);
  }
}
