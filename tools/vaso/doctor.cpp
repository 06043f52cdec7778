// vaso doctor: what this machine has, and what stands in the way.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "plugins/catalogue.hpp"
#include "revision.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_process.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

struct Finding {
  std::string what, value;
  bool ok = true;
  std::string hint;
};

Finding worker_finding() {
  const fs::path program = worker_program();
  if (fs::exists(program)) return {"vaso-worker", program, true, ""};
  return {"vaso-worker", "missing", false,
          fmt::format("build it: ninja -C build vaso-worker; it belongs in {}", program.parent_path().string())};
}

Finding database_finding(const std::string& home) {
  if (!fs::exists(database_file(home))) return {"run database", fmt::format("none yet in {}", shown(home)), true, ""};
  try {
    const auto store = open_existing(home);
    return {"run database",
            fmt::format("{}, {} runs{}", shown(store->file()), store->all().size(),
                        store->read_only() ? ", read only" : ""),
            true, ""};
  } catch (const std::exception& error) {
    return {"run database", "cannot be opened", false, error.what()};
  }
}

std::vector<Finding> plugin_findings(const Common& options) {
  std::vector<Finding> findings;
  const auto catalogue = plugins::scan(plugins::search_path({options.plugins.begin(), options.plugins.end()}));
  const std::size_t components = catalogue.components().size();
  std::string folders;
  for (const fs::path& folder : catalogue.searched) folders += (folders.empty() ? "" : ", ") + shown(folder);
  findings.push_back(
      {"components", std::to_string(components), components > 0, components > 0 ? "" : "looked in " + folders});
  for (const plugins::Found& found : catalogue.found) {
    if (found.refusals.empty()) continue;
    std::string reasons;
    for (const std::string& reason : found.refusals) reasons += (reasons.empty() ? "" : "\n") + reason;
    findings.push_back({"plugin refused", shown(found.file), false, reasons});
  }
  return findings;
}

// What the worker finds: it alone knows LibTorch. False where it does not answer.
bool ask(const Common& options, std::vector<Finding>& findings) {
  std::vector<std::string> question = {"doctor"};
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, true);
  if (answer.json.empty()) {
    findings.back() = {"vaso-worker", "does not answer", false, "its last words are above"};
    return false;
  }
  for (const auto& row : nlohmann::json::parse(answer.json)) {
    findings.push_back({row.value("what", ""), row.value("value", ""), row.value("ok", true), row.value("hint", "")});
  }
  return true;
}

}  // namespace

int doctor(const Arguments& arguments) {
  Common options;
  CommandLine line("doctor", "[options]",
                   "Says what this machine has: LibTorch, devices, threads, the run database, plugins found and "
                   "refused with reasons.\n"
                   "Ends with 0 if all is well, else with 1.");
  options.take_plugins(line);
  options.take_home(line);
  options.take_format(line);
  line.example("vaso doctor", "").example("vaso doctor --format json", "to go with a question");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);

  std::vector<Finding> findings = {
      {"VasoLab",
       fmt::format("{} {}{}", source_version, source_revision, source_dirty ? " with uncommitted changes" : ""), true,
       ""}};
  findings.push_back(worker_finding());
  const bool answered = findings.back().ok && ask(options, findings);
  findings.push_back(database_finding(options.home));
  if (!answered) {  // else the worker has told of them
    for (Finding& finding : plugin_findings(options)) findings.push_back(std::move(finding));
  }

  bool all_well = true;
  Grid grid{{"what", "value", "ok", "hint"}, {}};
  for (const Finding& finding : findings) {
    all_well = all_well && finding.ok;
    grid.rows.push_back({finding.what, finding.value, finding.ok ? "yes" : "no", finding.hint});
  }
  if (format != report::Format::text) {
    fmt::print("{}", write(grid, format));
    return all_well ? exit_ok : exit_failure;
  }
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, columns(finding.what));
  for (const Finding& finding : findings) {
    const std::string mark = finding.ok ? out().paint(Paint::green, "ok") : out().paint(Paint::red, "!!");
    fmt::print("{}  {:{}}  {}\n", mark, finding.what, width, finding.value);
    if (!finding.hint.empty()) fmt::print("{}\n", indent(finding.hint, std::string(width + 6, ' ')));
  }
  return all_well ? exit_ok : exit_failure;
}

}  // namespace vaso::cli
