// vaso show: everything recorded about one run.
#include "config/tree.hpp"
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "run_curves.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

constexpr std::size_t plot_width = 32;

using Rows = std::vector<std::vector<std::string>>;

void print_section(const char* title, const Rows& rows, bool header = false) {
  if (rows.empty() || (header && rows.size() == 1)) return;
  std::string text = report::align(rows, header);
  while (text.ends_with('\n')) text.pop_back();
  fmt::print("\n{}\n{}\n", out().paint(Paint::bold, title), indent(text, "  "));
}

Rows head_of(const runs::Run& run) {
  Rows rows = {
      {"experiment", run.experiment},
      {"folder", shown(run.folder)},
      {"started", run.started},
      {"finished", run.finished},
      {"time", duration(run.wall_seconds)},
      {"memory", run.peak_memory > 0 ? bytes(run.peak_memory) : ""},
      {"seed", std::to_string(run.seed)},
      {"resumed", run.resumed > 0 ? fmt::format("{} times", run.resumed) : ""},
      {"ended early", run.stopped_early ? "for want of progress on the validation images" : ""},
      {"weights of", run.parent != 0 ? fmt::format("run {}", run.parent) : ""},
      {"host", run.host},
      {"device", run.device},
      {"threads", run.threads},
      {"LibTorch", run.libtorch},
      {"VasoLab", fmt::format("{} {}{}", run.version, run.revision, run.dirty ? " with uncommitted changes" : "")},
      {"data", run.data_fingerprint},
      {"identity", run.identity}};
  std::erase_if(rows, [](const std::vector<std::string>& row) { return row[1].empty(); });
  return rows;
}

// What was measured once, such as a test.
Rows results_of(const std::vector<SeriesSummary>& all) {
  Rows rows;
  for (const SeriesSummary& series : all) {
    if (series.values.size() == 1) rows.push_back({series.name, number(series.last)});
  }
  return rows;
}

Rows curves_of(const std::vector<SeriesSummary>& all) {
  Rows rows = {{"series", "first", "last", "best", "at", "over the run", "range"}};
  for (const SeriesSummary& series : all) {
    if (series.values.size() < 2) continue;
    rows.push_back({series.name, number(series.first), number(series.last), series.best ? number(*series.best) : "",
                    series.best ? std::to_string(series.best_step) : "",
                    plot_between(series.values, series.low, series.high, plot_width),
                    fmt::format("{} … {}", number(series.low), number(series.high))});
  }
  return rows;
}

// The recorded configuration is canonical TOML with the origin of each value as a comment: shown as it is.
std::string configuration(const runs::Run& run) {
  std::string text;
  for (std::size_t at = 0; at < run.config_toml.size();) {
    const std::size_t end = std::min(run.config_toml.find('\n', at), run.config_toml.size());
    const std::string row = run.config_toml.substr(at, end - at);
    const std::size_t comment = row.find(" # ");
    text += comment == row.npos ? row : row.substr(0, comment) + out().paint(Paint::dim, row.substr(comment));
    text += '\n';
    at = end + 1;
  }
  return text;
}

void print_text(const runs::Store& store, const runs::Run& run) {
  const Paint paint = run.status == runs::Status::finished ? Paint::green
                      : run.status == runs::Status::failed ? Paint::red
                                                           : Paint::yellow;
  fmt::print("{}  {}\n", out().paint(Paint::bold, fmt::format("Run {}: {} {}", run.id, run.phase, run.label)),
             out().paint(paint, runs::to_text(run.status)));
  if (!run.message.empty()) fmt::print("{}\n", indent(run.message, "  "));
  print_section("What and where", head_of(run));
  std::vector<SeriesSummary> series;
  for (const std::string& name : store.series(run.id)) series.push_back(summarise_series(store, run.id, name));
  print_section("Results", results_of(series));
  print_section("Curves", curves_of(series), true);
  Rows conventions;
  for (const auto& [metric, text] : store.conventions(run.id)) conventions.push_back({metric, text});
  print_section("How metrics were computed", conventions);
  Rows artefacts = {{"what", "file", "size", "SHA-256"}};
  for (const runs::Artefact& artefact : store.artefacts(run.id)) {
    artefacts.push_back({artefact.name, shown(fs::path(run.folder) / artefact.file), bytes(artefact.bytes),
                         artefact.sha256.substr(0, 12)});
  }
  print_section("Files", artefacts, true);
  Rows plugins = {{"plugin", "version", "file", "SHA-256"}};
  for (const runs::PluginUsed& plugin : store.plugins(run.id)) {
    plugins.push_back({plugin.id, plugin.version, shown(plugin.file), plugin.sha256.substr(0, 12)});
  }
  print_section("Plugins", plugins, true);
  fmt::print("\n{}\n{}\n", out().paint(Paint::bold, "Settings, and where each came from"),
             indent(configuration(run), "  "));
}

void print_json(const runs::Store& store, const runs::Run& run) {
  using Json = nlohmann::ordered_json;
  Json json = {{"run", run.id},
               {"experiment", run.experiment},
               {"phase", run.phase},
               {"label", run.label},
               {"status", runs::to_text(run.status)},
               {"message", run.message},
               {"exit_code", run.exit_code},
               {"signal", run.signal},
               {"seed", run.seed},
               {"folder", run.folder},
               {"parent", run.parent},
               {"created", run.created},
               {"started", run.started},
               {"finished", run.finished},
               {"resumed", run.resumed},
               {"stopped_early", run.stopped_early},
               {"wall_seconds", run.wall_seconds},
               {"peak_memory", run.peak_memory},
               {"host", run.host},
               {"device", run.device},
               {"libtorch", run.libtorch},
               {"threads", run.threads},
               {"version", run.version},
               {"revision", run.revision},
               {"dirty", run.dirty},
               {"data_fingerprint", run.data_fingerprint},
               {"identity", run.identity}};
  json["settings"] = store.settings(run.id);
  json["metrics"] = Json::object();
  for (const std::string& name : store.series(run.id)) {
    Json& series = json["metrics"][name] = Json::array();
    for (const runs::Point& point : store.points(run.id, name)) series.push_back({point.step, point.value});
  }
  json["conventions"] = store.conventions(run.id);
  json["files"] = Json::array();
  for (const runs::Artefact& artefact : store.artefacts(run.id)) {
    json["files"].push_back(
        {{"name", artefact.name}, {"file", artefact.file}, {"sha256", artefact.sha256}, {"bytes", artefact.bytes}});
  }
  json["plugins"] = Json::array();
  for (const runs::PluginUsed& plugin : store.plugins(run.id)) {
    json["plugins"].push_back(
        {{"id", plugin.id}, {"version", plugin.version}, {"file", plugin.file}, {"sha256", plugin.sha256}});
  }
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int show(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  CommandLine line(
      "show", "ID [options]",
      "Shows one run: how it ended, where it ran, its metric series, files, plugins, and every setting with\n"
      "where it came from.");
  line.words(words, 1, 1, "the number of a run").of({Value::run});
  options.take_home(line);
  line.value(options.format, "format", "F", "text, json, or toml: its settings alone, to run it again (default: text)")
      .choices({"text", "json", "toml"});
  line.example("vaso show 3", "")
      .example("vaso show 3 --format json", "with whole series, for a script")
      .example("vaso show 3 --format toml > three.toml", "then: vaso run three.toml --again --set name=three");
  if (!line.parse(arguments)) return exit_ok;
  const bool settings_alone = options.format == "toml";
  if (settings_alone) options.format = "text";
  const report::Format format = parse_format(options.format);
  if (format != report::Format::text && format != report::Format::json) {
    throw UsageError("`vaso show` prints text, json or toml; for tables of many runs see `vaso table`.");
  }
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_usage;
  }
  const runs::Run run = find_run(*store, words.front());
  if (settings_alone) {
    fmt::print("{}", run.config_toml);
    return exit_ok;
  }
  format == report::Format::json ? print_json(*store, run) : print_text(*store, run);
  return exit_ok;
}

}  // namespace vaso::cli
