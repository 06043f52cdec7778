#include "bad_plugins/fake_library.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::tests;

namespace {

template <class Change>
std::vector<std::string> faults_of(Change change) {
  VasoCard card = good_card("masking.x");
  change(card);
  return plugins::mismatches(card, plugins::host_card());
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the host accepts its own kind") {
    CHECK(plugins::mismatches(good_card("masking.x"), plugins::host_card()).empty());
  }

  TEST_CASE("every field has its own sentence with both values and a cure") {
    const VasoCard host = plugins::host_card();
    const auto one = [](const std::vector<std::string>& faults, const std::vector<std::string>& parts) {
      REQUIRE(faults.size() == 1);
      for (const std::string& part : parts) CHECK_MESSAGE(faults[0].find(part) != std::string::npos, faults[0]);
    };
    const std::string here = ", this host has SDK " + std::to_string(VASO_SDK_NUMBER);
    one(faults_of([](VasoCard& c) { c.sdk = 99; }),
        {"built for SDK 99" + here + ": rebuild the plugin with this VasoLab's headers, or use a VasoLab with SDK 99"});
    one(faults_of([](VasoCard& c) { c.sdk = 0; }), {"built for SDK 0" + here + ": rebuild"});
    one(faults_of([](VasoCard& c) { c.size += 8; }), {"its card has 448 bytes, this host's 440", "headers"});
    one(faults_of([](VasoCard& c) { set_text(c.compiler, sizeof c.compiler, "gcc 5.4.0"); }),
        {"built by gcc 5.4.0, this host by ", host.compiler, "rebuild the plugin with "});
    one(faults_of([](VasoCard& c) { c.standard = 201703; }),
        {"__cplusplus 201703, this host with ", "CMAKE_CXX_STANDARD to 20"});
    one(faults_of([](VasoCard& c) { c.cxx11_abi = 1 - c.cxx11_abi; }), {"_GLIBCXX_USE_CXX11_ABI=0", "ABI=1"});
    one(faults_of([](VasoCard& c) { set_text(c.libtorch, sizeof c.libtorch, "9.9.9"); }),
        {"built against LibTorch 9.9.9, this host against LibTorch ", host.libtorch, "Torch_DIR"});
    one(faults_of([](VasoCard& c) { set_text(c.opencv, sizeof c.opencv, ""); }),
        {"built against OpenCV (not stated), this host against OpenCV ", host.opencv, "OpenCV_DIR"});
    one(faults_of([](VasoCard& c) { set_text(c.build, sizeof c.build, "mystery"); }),
        {"built as mystery, this host as ", host.build, "CMAKE_BUILD_TYPE"});
  }

  TEST_CASE("all that does not fit is told at once") {
    const auto faults = faults_of([](VasoCard& c) {
      c.sdk = 7;
      c.standard = 201402;
      set_text(c.libtorch, sizeof c.libtorch, "0.4.1");
    });
    CHECK(faults.size() == 3);
  }
}
