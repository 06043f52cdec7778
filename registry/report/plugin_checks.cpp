#include "report/plugin_checks.hpp"

#include "runs/plugin_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

namespace vaso::report {
namespace {

constexpr std::size_t digest_length = 8;  // digits that tell digests apart for a reader

}  // namespace

std::optional<std::string> plugin_check_note(const runs::Store& store, const std::vector<Audited>& runs) {
  const auto checks = runs::read_plugin_checks(store.file());
  if (checks.empty()) return std::nullopt;
  std::set<std::int64_t> numbers;
  for (const Audited& each : runs) numbers.insert(each.run->id);
  std::map<std::string, std::string> names;  // by digest: "masking.band 1.0.0"
  for (const auto& [run, used] : store.all_plugins()) {
    if (!numbers.contains(run)) continue;
    for (const runs::PluginUsed& plugin : used) names[plugin.sha256] = plugin.id + " " + plugin.version;
  }
  std::set<std::string> failed, unexamined;
  for (const auto& [digest, name] : names) {
    const std::string shown = fmt::format("{} ({})", name, digest.substr(0, digest_length));
    const auto check = checks.find(digest);
    if (check == checks.end()) {
      unexamined.insert(shown);
    } else if (!check->second.failures.empty()) {
      failed.insert(fmt::format("{} [{}]", shown, check->second.failures));
    }
  }
  if (unexamined.size() == names.size()) return std::nullopt;
  if (failed.empty() && unexamined.empty())
    return fmt::format("plugins: every one of the {} passed `vaso plugins check`", names.size());
  std::string text = "plugins:";
  if (!failed.empty()) text += fmt::format(" failed `vaso plugins check`: {}", fmt::join(failed, ", "));
  if (!unexamined.empty())
    text += fmt::format("{} not examined by `vaso plugins check`: {}", failed.empty() ? "" : ";",
                        fmt::join(unexamined, ", "));
  return text;
}

}  // namespace vaso::report
