// vaso diff: two runs side by side.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "report/known_series.hpp"
#include "report/paired_tests.hpp"
#include "run_curves.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace vaso::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Json = nlohmann::ordered_json;

constexpr std::size_t plot_width = 20, bins = 8;
constexpr const char* unset = "–";

// What both have of one thing, in words; equal ones are left out.
struct Difference {
  std::string what, a, b;
};

std::string value_or_unset(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? unset : found->second;
}

std::vector<Difference> differing(const std::map<std::string, std::string>& a,
                                  const std::map<std::string, std::string>& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  std::vector<Difference> found;
  for (const std::string& key : keys) {
    Difference difference{key, value_or_unset(a, key), value_or_unset(b, key)};
    if (difference.a != difference.b) found.push_back(std::move(difference));
  }
  return found;
}

std::map<std::string, std::string> plugins_of(const runs::Store& store, std::int64_t run) {
  std::map<std::string, std::string> plugins;
  for (const runs::PluginUsed& plugin : store.plugins(run)) {
    plugins[plugin.id] = plugin.version + " " + plugin.sha256.substr(0, 12);
  }
  return plugins;
}

std::map<std::string, std::string> provenance_of(const runs::Run& run) {
  return {{"data", run.data_fingerprint},
          {"device", run.device},
          {"ended early", run.stopped_early ? "yes" : "no"},
          {"experiment", run.experiment},
          {"host", run.host},
          {"LibTorch", run.libtorch},
          {"memory", run.peak_memory > 0 ? bytes(run.peak_memory) : unset},
          {"phase", run.phase},
          {"resumed", std::to_string(run.resumed)},
          {"source", run.revision + (run.dirty ? " with uncommitted changes" : "")},
          {"status", runs::to_text(run.status)},
          {"threads", run.threads},
          {"time", duration(run.wall_seconds)},
          {"VasoLab", run.version},
          {"weights of run", run.parent == 0 ? unset : std::to_string(run.parent)}};
}

std::set<std::string> series_of_both(const runs::Store& store, const runs::Run& a, const runs::Run& b) {
  std::set<std::string> names;
  for (const std::int64_t id : {a.id, b.id}) {
    for (std::string& name : store.series(id)) names.insert(std::move(name));
  }
  return names;
}

// A metric measured on the images that both have.
struct ByImage {
  std::string metric;
  report::PairedTest test;
  std::vector<double> differences;  // b − a
  std::string most_gained, most_lost;
};

std::vector<ByImage> images_of_both(const runs::Store& store, const runs::Run& a, const runs::Run& b) {
  std::vector<ByImage> found;
  for (const std::string& metric : store.per_image_metrics(a.id)) {
    const auto of_a = store.per_image(a.id, metric), of_b = store.per_image(b.id, metric);
    std::vector<double> values_a, values_b;
    ByImage images;
    double most = 0, least = 0;
    for (const auto& [image, value] : of_a) {
      const auto other = of_b.find(image);
      if (other == of_b.end() || !std::isfinite(value) || !std::isfinite(other->second)) continue;
      values_a.push_back(value);
      values_b.push_back(other->second);
      const double difference = other->second - value;
      images.differences.push_back(difference);
      if (difference > most) {
        most = difference;
        images.most_gained = fmt::format("{} ({:+.4g})", image, difference);
      }
      if (difference < least) {
        least = difference;
        images.most_lost = fmt::format("{} ({:+.4g})", image, difference);
      }
    }
    if (values_a.empty()) continue;
    images.metric = metric;
    images.test = report::paired_test(values_b, values_a);
    found.push_back(std::move(images));
  }
  return found;
}

std::string signed_number(double value) { return fmt::format("{:+.4g}", value); }

// Green where b is better, red where it is worse, as far as anything is known of the metric.
std::string painted_difference(const std::string& metric, double difference) {
  const std::string text = std::isfinite(difference) ? signed_number(difference) : unset;
  const report::Better better = report::better_direction(metric);
  if (better == report::Better::neither || !(std::abs(difference) > 0)) return text;
  return out().paint((difference > 0) == (better == report::Better::higher) ? Paint::green : Paint::red, text);
}

void print_section(const std::string& title, const Rows& rows) {
  std::string text = report::align(rows, true);
  while (text.ends_with('\n')) text.pop_back();
  fmt::print("\n{}\n{}\n", out().paint(Paint::bold, title), indent(text, "  "));
}

void print_differences(const std::string& title, const std::string& what, const std::vector<Difference>& differences,
                       const runs::Run& a, const runs::Run& b) {
  if (differences.empty()) {
    fmt::print("\n{}\n  none\n", out().paint(Paint::bold, title));
    return;
  }
  Rows rows = {{what, fmt::format("run {}", a.id), fmt::format("run {}", b.id)}};
  for (const Difference& difference : differences) rows.push_back({difference.what, difference.a, difference.b});
  print_section(title, rows);
}

void print_metrics(const runs::Store& store, const runs::Run& a, const runs::Run& b) {
  Rows rows = {{"metric", fmt::format("run {}", a.id), fmt::format("run {}", b.id), "difference",
                fmt::format("run {} over time", a.id), fmt::format("run {} over time", b.id), "range"}};
  for (const std::string& name : series_of_both(store, a, b)) {
    const SeriesSummary of_a = summarise_series(store, a.id, name), of_b = summarise_series(store, b.id, name);
    const double low = std::fmin(of_a.low, of_b.low), high = std::fmax(of_a.high, of_b.high);
    const bool curve = of_a.values.size() > 1 || of_b.values.size() > 1;
    const auto last = [](const SeriesSummary& series) { return series.values.empty() ? unset : number(series.last); };
    rows.push_back({name, last(of_a), last(of_b), painted_difference(name, of_b.last - of_a.last),
                    curve ? plot_between(of_a.values, low, high, plot_width) : "",
                    curve ? plot_between(of_b.values, low, high, plot_width) : "",
                    curve ? fmt::format("{} … {}", number(low), number(high)) : ""});
  }
  if (rows.size() > 1) print_section("Metrics, the last value of each; both plots have the same range", rows);
}

void print_images(const std::vector<ByImage>& all) {
  if (all.empty()) return;
  Rows rows = {{"metric", "images", "up", "down", "mean difference", "p Wilcoxon", "p t", "differences below│above 0"}};
  for (const ByImage& images : all) {
    const auto up = std::count_if(images.differences.begin(), images.differences.end(), [](double d) { return d > 0; });
    const auto down =
        std::count_if(images.differences.begin(), images.differences.end(), [](double d) { return d < 0; });
    rows.push_back({images.metric, std::to_string(images.differences.size()), std::to_string(up), std::to_string(down),
                    painted_difference(images.metric, images.test.mean_difference), number(images.test.p_wilcoxon),
                    number(images.test.p_t), histogram_about_zero(images.differences, bins)});
  }
  print_section("Image by image, paired", rows);
  for (const ByImage& images : all) {
    if (images.most_gained.empty() && images.most_lost.empty()) continue;
    fmt::print("  {}: most up {}, most down {}\n", images.metric,
               images.most_gained.empty() ? unset : images.most_gained,
               images.most_lost.empty() ? unset : images.most_lost);
  }
}

void print_text(const runs::Store& store, const runs::Run& a, const runs::Run& b) {
  for (const runs::Run* run : {&a, &b}) {
    fmt::print("{}  {}\n", out().paint(Paint::bold, fmt::format("Run {}: {} {}", run->id, run->phase, run->label)),
               runs::to_text(run->status));
  }
  if (a.identity == b.identity && !a.identity.empty()) {
    fmt::print("They have one identity: settings, data, plugins and what they build on are equal.\n");
  }
  print_differences("Settings that differ", "setting", differing(store.settings(a.id), store.settings(b.id)), a, b);
  // A fine-tuning's own settings may be all equal, and what it was built on the whole point.
  for (runs::Run of_a = a, of_b = b; of_a.parent != of_b.parent;) {
    const auto parent_a = store.get(of_a.parent), parent_b = store.get(of_b.parent);
    if (!parent_a || !parent_b) break;
    const auto differences = differing(store.settings(parent_a->id), store.settings(parent_b->id));
    if (!differences.empty()) {
      print_differences(fmt::format("Settings that differ in what they build on, phase {}", parent_a->phase), "setting",
                        differences, *parent_a, *parent_b);
    }
    of_a = *parent_a;
    of_b = *parent_b;
  }
  print_differences("Plugins that differ", "plugin", differing(plugins_of(store, a.id), plugins_of(store, b.id)), a, b);
  print_differences("What and where", "", differing(provenance_of(a), provenance_of(b)), a, b);
  print_metrics(store, a, b);
  print_images(images_of_both(store, a, b));
}

Json to_json(const std::vector<Difference>& differences) {
  Json json = Json::object();
  for (const Difference& difference : differences) json[difference.what] = {difference.a, difference.b};
  return json;
}

void print_json(const runs::Store& store, const runs::Run& a, const runs::Run& b) {
  const auto real = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json = {{"runs", {a.id, b.id}}, {"same_identity", a.identity == b.identity}};
  json["settings"] = to_json(differing(store.settings(a.id), store.settings(b.id)));
  json["plugins"] = to_json(differing(plugins_of(store, a.id), plugins_of(store, b.id)));
  json["provenance"] = to_json(differing(provenance_of(a), provenance_of(b)));
  json["metrics"] = Json::object();
  for (const std::string& name : series_of_both(store, a, b)) {
    const double of_a = summarise_series(store, a.id, name).last, of_b = summarise_series(store, b.id, name).last;
    json["metrics"][name] = {{"values", {real(of_a), real(of_b)}}, {"difference", real(of_b - of_a)}};
  }
  json["images"] = Json::object();
  for (const ByImage& images : images_of_both(store, a, b)) {
    json["images"][images.metric] = {{"count", images.test.pairs},
                                     {"mean_difference", real(images.test.mean_difference)},
                                     {"p_wilcoxon", real(images.test.p_wilcoxon)},
                                     {"p_t", real(images.test.p_t)}};
  }
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int diff(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  CommandLine line(
      "diff", "ID ID [options]",
      "Compares two runs: settings, plugins and provenance that differ, metrics side by side, and the images that\n"
      "both measured, paired. Differences are the second run's value less the first's.");
  line.words(words, 2, 2, "the numbers of two runs").of({Value::run});
  options.take_home(line);
  options.take_format(line, {"text", "json"});
  line.example("vaso diff 3 7", "").example("vaso diff 3 7 --format json", "for a script");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  if (format != report::Format::text && format != report::Format::json) {
    throw UsageError("`vaso diff` prints text or json; for tables of many runs see `vaso table`.");
  }
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_usage;
  }
  const runs::Run a = find_run(*store, words[0]), b = find_run(*store, words[1]);
  format == report::Format::json ? print_json(*store, a, b) : print_text(*store, a, b);
  return exit_ok;
}

}  // namespace vaso::cli
