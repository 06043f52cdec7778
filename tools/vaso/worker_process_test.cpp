#include "worker_process.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace vaso::cli;

TEST_SUITE("unit") {
  TEST_CASE("endings are named") {
    WorkerEnd end;
    end.exit_code = 5;
    CHECK(describe(end) == "ended with code 5");
    end.signal = SIGSEGV;
    CHECK(describe(end) == "was killed by SIGSEGV (Segmentation fault)");
    CHECK(signal_name(SIGKILL) == "SIGKILL");
    CHECK(signal_name(SIGRTMIN + 1).find("signal ") == 0);
  }

  TEST_CASE("a missing worker says where it was looked for and how to get it") {
    // The test program stands where no worker is.
    try {
      run_worker({{"check"}, {}, {}});
      FAIL("a worker beside the tests?");
    } catch (const WorkerError& error) {
      const std::string what = error.what();
      CHECK(what.find(worker_program().string()) != what.npos);
      CHECK(what.find("ninja") != what.npos);
    }
  }
}
