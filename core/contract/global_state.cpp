#include "contract/global_state.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <opencv2/core.hpp>

namespace vaso::contract {
namespace {

at::Generator& generator() {
  static at::Generator& global = *new at::Generator(at::globalContext().defaultGenerator(at::kCPU));
  return global;
}

}  // namespace

GlobalState global_state() {
  return {generator().get_state(),
          cv::theRNG().state,
          c10::GradMode::is_enabled(),
          c10::typeMetaToScalarType(c10::get_default_dtype()),
          at::get_num_threads(),
          cv::getNumThreads(),
          at::globalContext().deterministicAlgorithms()};
}

void restore(const GlobalState& state) {
  generator().set_state(state.random);
  cv::theRNG().state = state.opencv_random;
  c10::GradMode::set_enabled(state.gradients);
  c10::set_default_dtype(c10::scalarTypeToTypeMeta(state.type));
  at::set_num_threads(state.threads);
  cv::setNumThreads(state.opencv_threads);
  at::globalContext().setDeterministicAlgorithms(state.deterministic, false);
}

void report_changes(const GlobalState& before, const std::string& during, Report& report) {
  const GlobalState now = global_state();
  const auto expect = [&](bool same, const std::string& rule, const std::string& found, const std::string& cure) {
    if (!same) report.fail(global_state_check, rule, fmt::format("{}, while `{}` was examined", found, during), cure);
  };
  expect(now.random.equal(before.random), "LibTorch's global random generator is left alone",
         "numbers were drawn from it",
         "Hand step.generator() to every function that draws: at::randint(…, generator, …).");
  expect(now.opencv_random == before.opencv_random, "OpenCV's global random generator is left alone",
         "numbers were drawn from it", "Draw from step.generator(), or make a cv::RNG of your own from a seed.");
  expect(now.gradients == before.gradients, "gradients are on as before",
         now.gradients ? "they are on" : "they are off", "Use c10::NoGradGuard, which ends with its scope.");
  expect(now.type == before.type, "new tensors have the type that they had before",
         fmt::format("they are {}", at::toString(now.type)), "Name the type where a tensor is made.");
  expect(now.threads == before.threads && now.opencv_threads == before.opencv_threads,
         "the sizes of thread pools are left alone",
         fmt::format("{} threads, OpenCV {}", now.threads, now.opencv_threads), "Leave thread pools to the host.");
  expect(now.deterministic == before.deterministic, "deterministic algorithms are on or off as before",
         now.deterministic ? "they are on" : "they are off", "Leave that to the host.");
}

}  // namespace vaso::contract
