// vaso bench: figures of speed, each beside what the machine could do at best.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::cli {
namespace {

using Json = nlohmann::ordered_json;

void print_listing(const Json& answer) {
  for (const Json& bench : answer.at("benches")) {
    const std::string name = bench.at("name");
    fmt::print("{}  {}\n", out().paint(Paint::bold, name), bench.at("meaning").get<std::string>());
    std::vector<std::vector<std::string>> rows;
    for (const Json& setting : bench.at("settings")) {
      rows.push_back({fmt::format("  --set {}={}", setting.at("name").get<std::string>(),
                                  setting.at("default").is_string() ? setting.at("default").get<std::string>()
                                                                    : setting.at("default").dump()),
                      setting.at("meaning"), setting.at("unit")});
    }
    fmt::print("{}\n", report::align(rows, false));
  }
}

Grid grid_of(const Json& answer) {
  Grid grid{{"figure", "median", "unit", "least", "most", "n", "floor", "share", "floor is"}, {}};
  for (const Json& figure : answer.at("figures")) {
    const auto values = figure.at("values").get<std::vector<double>>();
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const bool known = !figure.at("floor").is_null();
    grid.rows.push_back({figure.at("what"), number(figure.at("median")), figure.at("unit"), number(*least),
                         number(*most), std::to_string(values.size()), known ? number(figure.at("floor")) : "–",
                         known ? fmt::format("{:.0f} %", 100 * figure.at("share").get<double>()) : "–",
                         figure.at("floor_is")});
  }
  return grid;
}

}  // namespace

int bench(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  std::int64_t repeat = 3, threads = 1;
  CommandLine line(
      "bench", "[NAME] [options]",
      "Measures one thing on this machine and prints a table: the median over repetitions, the least and the most,\n"
      "what the machine could do at best (the floor; measured at the same time) and the share of it that is reached.\n"
      "Without a name, lists the benches and their settings. Nothing else should run meanwhile.");
  line.words(words, 0, 1, "the name of a bench")
      .value(repeat, "repeat", "N", "repetitions, after one that does not count (default: 3)")
      .value(threads, "threads", "N", "of each thread pool (default: 1)")
      .list(options.overrides, "set", "NAME=VALUE", "a setting of the bench (may be repeated)");
  options.take_format(line);
  options.take_quiet(line);
  line.example("vaso bench", "what can be measured")
      .example("vaso bench vesselness", "milliseconds per 512×512 frame on one core")
      .example("vaso bench loader --threads 2 --repeat 5 --format md", "a table for a report");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  std::vector<std::string> question = {"bench"};
  question.insert(question.end(), words.begin(), words.end());
  question.insert(question.end(), {"--count", std::to_string(repeat), "--threads", std::to_string(threads)});
  for (const std::string& assignment : options.overrides) question.insert(question.end(), {"--set", assignment});
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.code != exit_ok || answer.json.empty()) return answer.code;
  const Json json = Json::parse(answer.json);
  if (format == report::Format::json) {
    fmt::print("{}\n", json.dump(2));
  } else if (words.empty()) {
    print_listing(json);
  } else {
    const std::string about =
        fmt::format("{}\n{}", json.at("machine").get<std::string>(), json.at("settings").get<std::string>());
    if (format == report::Format::text || format == report::Format::markdown) {
      fmt::print("{}{}\n\n", about, format == report::Format::markdown ? "\n" : "");
    }
    fmt::print("{}", write(grid_of(json), format));
  }
  return exit_ok;
}

}  // namespace vaso::cli
