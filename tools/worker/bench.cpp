// Runs a bench and tells its figures; without a name, tells which benches there are.
#include "verbs.hpp"

#include "../bench/bench.hpp"

#include "config/binding.hpp"
#include "config/diagnostics.hpp"
#include "exit_codes.hpp"
#include "train/device.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <thread>

namespace vaso::worker {
namespace {

std::string listing() {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const bench::Entry& entry : bench::benches()) {
    const auto bench = entry.make();
    Schema schema;
    bench->describe(schema);
    all.push_back({{"name", entry.name},
                   {"meaning", entry.meaning},
                   {"settings", nlohmann::ordered_json::parse(config::schema_to_json(schema))}});
  }
  return nlohmann::ordered_json{{"benches", std::move(all)}}.dump();
}

const bench::Entry& find(const std::string& name) {
  std::vector<std::string> known;
  for (const bench::Entry& entry : bench::benches()) {
    if (entry.name == name) return entry;
    known.emplace_back(entry.name);
  }
  throw std::invalid_argument(fmt::format("there is no bench `{}`; {}", name, config::suggestion(name, known)));
}

// Binds `--set NAME=VALUE` and says in words what is in force.
std::string configure(const Schema& schema, const std::vector<std::string>& assignments, const std::string& name) {
  config::Node settings;
  for (const std::string& assignment : assignments) config::apply_override(settings, assignment);
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(settings, schema, "bench " + name, used, faults);
  config::refuse_unknown(settings, "bench " + name, used, {}, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  const config::Node in_force = config::values(schema);
  std::string text;
  for (const config::Entry& entry : in_force.table()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", entry.key, config::to_text(entry.node));
  }
  return text;
}

// "AMD EPYC, 2 cores, AVX2; LibTorch 1.13.0, aten=1 opencv=1 blas=1"
std::string machine(std::int64_t threads) {
  const char* vectors = "SSE2";
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    vectors = "AVX-512";
  } else if (__builtin_cpu_supports("avx2")) {
    vectors = "AVX2";
  }
#else
  vectors = "no x86-64";
#endif
  const std::string pools = train::set_threads(threads);
  return fmt::format("{}, {} cores, {}; LibTorch {}, {}", train::device_name(c10::Device(c10::kCPU)),
                     std::thread::hardware_concurrency(), vectors, train::libtorch_version(), pools);
}

}  // namespace

int bench(const Options& options, const EventSink& events) {
  if (options.arguments.empty()) {
    events.result(listing());
    return exit_ok;
  }
  if (options.count < 1) throw std::invalid_argument("--repeat must be at least 1");
  if (options.threads < 1) throw std::invalid_argument("--threads must be at least 1");
  const bench::Entry& entry = find(options.arguments.front());
  const auto bench = entry.make();
  Schema schema;
  bench->describe(schema);
  const std::string settings = configure(schema, options.set, entry.name);
  const std::string where = machine(options.threads);
  bench::Request request;
  request.repeat = static_cast<int>(options.count);
  request.threads = static_cast<int>(options.threads);
  request.stage = [&](const std::string& text) { events.stage(text); };
  request.stop_requested = stop_requested;
  events.result(bench::to_json(where, settings, bench->measure(request)));
  return exit_ok;
}

}  // namespace vaso::worker
