// vaso db backup, check, gc: the run database as a thing to be kept.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "progress_bar.hpp"
#include "runs/check.hpp"
#include "runs/leftovers.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

const char* word_for(runs::Leftover::Kind kind) {
  using Kind = runs::Leftover::Kind;
  switch (kind) {
    case Kind::orphan_folder:
      return "folder";
    case Kind::partial_copy:
      return "half a copy";
    case Kind::checkpoint:
      return "checkpoint";
    case Kind::superseded_run:
      return "run and folder";
  }
  return "";
}

std::int64_t total_bytes(const std::vector<runs::Leftover>& leftovers) {
  std::int64_t total = 0;
  for (const runs::Leftover& leftover : leftovers) total += leftover.bytes;
  return total;
}

}  // namespace

int db_backup(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  bool force = false;
  CommandLine line(
      "db backup", "FILE [options]",
      "Copies the run database into FILE, all of one moment, also while workers write. Weights and pictures\n"
      "are not in it: they are in the folders of the runs.");
  line.words(words, 1, 1, "a file to write").of({Value::file}).flag(force, "force", "replace FILE where there is one");
  options.take_home(line);
  line.example("vaso db backup ~/backups/runs-2026-03-01.db", "")
      .example("vaso ls --home ~/restored", "after copying such a file to ~/restored/vaso.db");
  if (!line.parse(arguments)) return exit_ok;
  const fs::path target = words.front();
  if (fs::is_directory(target)) {
    throw UsageError(
        fmt::format("{} is a folder: name a file in it, such as {}", shown(target), shown(target / "vaso.db")));
  }
  if (fs::exists(target) && !force) {
    throw UsageError(fmt::format("{} is there already: name another file, or replace it with --force", shown(target)));
  }
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_failure;
  }
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  if (error) throw runs::StoreError(fmt::format("cannot make the folder of {}: {}", shown(target), error.message()));
  if (fs::equivalent(target, store->file(), error)) throw UsageError("a database cannot be its own backup");
  runs::back_up(store->file(), target);
  fmt::print("{}: {} runs, {}\n", shown(target), runs::Store(target, runs::Store::Mode::read_only).all().size(),
             bytes(static_cast<std::int64_t>(fs::file_size(target))));
  return exit_ok;
}

int db_check(const Arguments& arguments) {
  Common options;
  bool deep = false;
  CommandLine line(
      "db check", "[options]",
      "Whether the run database is whole: SQLite's own check, rows that belong to nothing, the files of every run, "
      "the\n"
      "processes of running ones, folders of no run. Changes nothing. Exit code 1 where something is lost or damaged;\n"
      "what is only untidy is said, with what to do, and ends with 0.");
  line.flag(deep, "deep", "read every file of every run and compare its SHA-256 digest, not its size alone");
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso db check", "").example("vaso db check --deep --home /mnt/shared/runs", "after moving a home");
  if (!line.parse(arguments)) return exit_ok;
  const fs::path file = database_file(options.home);
  if (!fs::exists(file)) {
    say_no_runs(options.home);
    return exit_ok;
  }
  ProgressBar bar(err(), stderr, options.quiet);
  const runs::CheckResult result =
      runs::check({file, deep, [](const runs::Run& run) { return liveness(run) == Liveness::dead; },
                   [](const runs::Run& run) { return run.host == host_name(); },
                   [&](std::int64_t done, std::int64_t total) {
                     if (deep) bar.update(done, total, "runs read");
                   }});
  bar.clear();
  for (const runs::Finding& finding : result.findings) {
    const bool fault = finding.gravity == runs::Finding::Gravity::fault;
    fmt::print("{} {}{}\n", out().paint(fault ? Paint::red : Paint::yellow, fault ? "fault:" : "note:"), finding.what,
               finding.cure.empty() ? "" : "\n       " + finding.cure);
  }
  fmt::print("{}: {} runs, {} metric points, {} files{}: {}\n", shown(file), grouped(result.runs),
             grouped(result.points), grouped(result.files), deep ? " read" : "",
             result.whole() ? out().paint(Paint::green, "nothing is lost") : out().paint(Paint::red, "not whole"));
  return result.whole() ? exit_ok : exit_failure;
}

int db_gc(const Arguments& arguments) {
  Common options;
  bool yes = false, of_studies = false;
  CommandLine line(
      "db gc", "[options]",
      "Lists what can be deleted without losing a result: folders that no run names, half copies of an interrupted\n"
      "merge, checkpoints of finished runs (only --resume needs them), and failed or interrupted runs with the "
      "settings\n"
      "of one that has finished. Deletes them with --yes.");
  line.flag(yes, "yes", "delete what is listed")
      .flag(of_studies, "studies", "also checkpoints of runs that a study shows, which are kept otherwise");
  options.take_home(line);
  options.take_format(line);
  line.example("vaso db gc", "what there is, and how large").example("vaso db gc --yes", "delete it");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  if (!open_existing(options.home)) {
    say_no_runs(options.home);
    return exit_ok;
  }
  runs::Store store = open_for_runs(options.home);
  const runs::Leftovers leftovers = runs::find_leftovers(store, of_studies);
  Grid grid{{"what", "run", "size", "path", "why"}, {}};
  for (const runs::Leftover& leftover : leftovers.found) {
    grid.rows.push_back({word_for(leftover.kind), leftover.run > 0 ? std::to_string(leftover.run) : "",
                         bytes(leftover.bytes), leftover.path.empty() ? "" : shown(leftover.path), leftover.why});
  }
  if (!grid.rows.empty() || format != report::Format::text) fmt::print("{}", write(grid, format));
  std::fflush(stdout);
  std::FILE* const notes = format == report::Format::text ? stdout : stderr;
  if (leftovers.merge_in_progress) fmt::print(notes, "A merge is copying folders; what it makes was left out.\n");
  if (leftovers.kept_for_studies > 0) {
    fmt::print(notes, "Kept: {} checkpoint{} of runs that a study shows (--studies lists them too).\n",
               leftovers.kept_for_studies, leftovers.kept_for_studies == 1 ? "" : "s");
  }
  if (leftovers.found.empty()) {
    fmt::print(notes, "Nothing to delete.\n");
    return exit_ok;
  }
  if (yes) runs::remove_leftovers(store, leftovers.found);
  fmt::print(
      notes, "{} {}.{}\n", bytes(total_bytes(leftovers.found)), yes ? "deleted" : "in all; nothing was deleted",
      yes ? "" : fmt::format(" Delete it: vaso db gc --yes{}{}", of_studies ? " --studies" : "", options.home_again()));
  return exit_ok;
}

}  // namespace vaso::cli
