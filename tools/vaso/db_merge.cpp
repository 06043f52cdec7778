// vaso db merge: runs made on several machines into one database.
#include "exit_codes.hpp"
#include "home.hpp"
#include "progress_bar.hpp"
#include "runs/merge.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

// "2 runs added as 7–8": numbers of neighbours together.
std::string ranges(std::vector<std::int64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", numbers[first]);
    if (last > first) text += fmt::format("{}{}", last == first + 1 ? ", " : "–", numbers[last]);
    first = last + 1;
  }
  return text;
}

std::string runs_of(std::size_t count) { return fmt::format("{} run{}", count, count == 1 ? "" : "s"); }

std::vector<std::int64_t> numbers_here(const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) {
  std::vector<std::int64_t> numbers;
  for (const auto& [there, here] : pairs) numbers.push_back(here);
  return numbers;
}

void say(const runs::MergeReport& report, const fs::path& from, bool dry_run) {
  fmt::print("{}: ", shown(from));
  const std::string would = dry_run ? "would be " : "";
  std::vector<std::string> parts;
  if (!report.added.empty()) {
    parts.push_back(
        fmt::format("{} {}added as {}", runs_of(report.added.size()), would, ranges(numbers_here(report.added))));
  }
  if (!report.updated.empty()) {
    parts.push_back(fmt::format("{} {}brought up to date ({})", runs_of(report.updated.size()), would,
                                ranges(numbers_here(report.updated))));
  }
  const auto there = static_cast<std::size_t>(report.there_already);
  parts.push_back(fmt::format("{} there already", runs_of(there)));
  fmt::print("{}\n", fmt::join(parts, ", "));
  if (!report.studies_added.empty()) {
    fmt::print("  studies {}added: {}\n", would, fmt::join(report.studies_added, ", "));
  }
  if (!report.studies_updated.empty()) {
    fmt::print("  studies {}brought up to date: {}\n", would, fmt::join(report.studies_updated, ", "));
  }
  if (report.folders_copied > 0) {
    fmt::print("  {} folder{} copied and compared, {}\n", report.folders_copied, report.folders_copied == 1 ? "" : "s",
               bytes(report.bytes_copied));
  }
  if (!report.folders_elsewhere.empty()) {
    fmt::print(
        "  The files of {} {} are not on this machine: tables and reports work, weights are not here.\n"
        "  Carry the whole folder here, beside its database, and merge again.\n",
        report.folders_elsewhere.size() == 1 ? "run" : "runs", ranges(report.folders_elsewhere));
  }
  if (report.still_running > 0) {
    fmt::print("  {} still running there, recorded here as interrupted: merge again when {} ended.\n",
               report.still_running == 1 ? "One was" : fmt::format("{} were", report.still_running),
               report.still_running == 1 ? "it has" : "they have");
  }
}

}  // namespace

int db_merge(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  bool copy = false, dry_run = false;
  CommandLine line(
      "db merge", "OTHER… [options]",
      "Takes the runs and studies of other homes (a folder, or its vaso.db) into this one. Run numbers are given anew\n"
      "and parents follow. The same run (identity, creation time and host) is not added twice, and is brought up to "
      "date\n"
      "where it has gone further there; so a merge can be repeated at any time, also one that was interrupted. Others "
      "may write meanwhile.");
  line.words(words, 1, 64, "a home or a database to merge")
      .of({Value::folder, Value::file})
      .flag(copy, "copy", "copy the folders of the runs too, compared by SHA-256; else they are used where they are")
      .flag(dry_run, "dry-run", "say what would be added, keep nothing");
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso db merge /mnt/gpu1/runs /mnt/gpu2/runs --copy", "two machines into this home, weights and all")
      .example("rsync -a gpu1:project/runs/ gpu1-runs/ && vaso db merge gpu1-runs", "a home that was carried here")
      .example("vaso db merge gpu1.db --home paper", "numbers only, into a home of their own");
  if (!line.parse(arguments)) return exit_ok;
  { const runs::Store made = open_for_runs(options.home); }  // and what died here is marked
  ProgressBar bar(err(), stderr, options.quiet);
  for (const std::string& word : words) {
    const fs::path from = fs::is_directory(word) ? database_file(word) : fs::path(word);
    bar.stage("merging " + shown(from));
    std::string now;
    const runs::MergeReport report =
        runs::merge({database_file(options.home), from, copy, dry_run,
                     [&](const std::string& what, std::int64_t done, std::int64_t total) {
                       if (std::exchange(now, what) != what)
                         bar.stage(what == "bytes" ? "copying folders" : "taking over runs");
                       constexpr int mebi = 20;
                       if (what == "bytes") {
                         bar.update(done >> mebi, std::max<std::int64_t>(total >> mebi, 1), "MiB");
                       } else {
                         bar.update(done, total, what);
                       }
                     }});
    bar.clear();
    say(report, from, dry_run);
  }
  if (!dry_run && !options.quiet) say_next("vaso ls" + options.home_again());
  return exit_ok;
}

}  // namespace vaso::cli
