// vaso study: several cells and seeds as one experiment, run to the end, stopped, gone on with, looked at.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "installation.hpp"
#include "named_study.hpp"
#include "study_session.hpp"
#include "study_status.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

struct StudyOptions : Common {
  std::vector<std::string> words;
  std::int64_t workers = 0;
  bool dry_run = false, keep_failed = false;
};

void take_options(StudyOptions& options, CommandLine& line) {
  line.value(options.workers, "workers", "N", "runs at a time; they share the cores (default: study.workers, else 1)")
      .flag(options.keep_failed, "keep-failed", "leave runs alone that have failed, instead of trying them again")
      .flag(options.dry_run, "dry-run", "say what would run, with steps and images, and stop");
  options.take_home(line);
  options.take_format(line);
  options.take_quiet(line);
  options.take_json(line);
}

StudyRequest request_for(const StudyOptions& options, const fs::path& file) {
  options.check_json();
  if (options.workers < 0) throw UsageError("--workers wants a number from 1");
  StudyRequest request(options, file);
  request.workers = options.workers;
  request.policy = {true, false, options.keep_failed};
  request.dry_run = options.dry_run;
  request.waits = true;
  return request;
}

// The study as it was last run, as a file: HOME/studies/NAME.toml.
fs::path as_file(const runs::StudyRecord& study, const std::string& home) {
  std::string name = study.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '-');
  const fs::path file = fs::absolute(fs::path(home) / "studies" / (name + ".toml")).lexically_normal();
  fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << fmt::format("# The study \"{}\" as it was last run, from {}; what follows is not read again from there.\n",
                        study.name, study.file)
         << study.config_toml;
  stream.close();
  if (!stream) throw std::runtime_error(fmt::format("{} cannot be written: is the disk full?", shown(file)));
  return file;
}

// A line for each study.
int list_studies(const runs::Store& store, report::Format format) {
  Grid grid{{"study", "design", "cells", "seeds", "done", "running", "failed", "left", "planned"}, {}};
  for (const std::string& name : store.studies()) {
    const StudyStatus status = status_of(store, *store.study(name));
    const auto count = [&](const char* word) {
      const auto found = status.counts.find(word);
      return found == status.counts.end() ? std::size_t{0} : found->second;
    };
    grid.rows.push_back({name, status.study.design, std::to_string(status.study.cells.size()),
                         std::to_string(status.study.seeds.size()), std::to_string(count("done")),
                         std::to_string(count("running")), std::to_string(count("failed")),
                         std::to_string(count("missing") + count("interrupted")), status.study.created});
  }
  fmt::print("{}", write(grid, format));
  return exit_ok;
}

}  // namespace

int study_run(const Arguments& arguments) {
  StudyOptions options;
  CommandLine line(
      "study run", "FILE [options]",
      "Runs a study: expands [study] to cells, checks all of them before the first starts, and runs what is\n"
      "missing, several runs at a time. A run that several cells need runs once; after a failure the others\n"
      "go on. Ctrl-C once: workers write a checkpoint and stop; twice: at once. The same command again goes\n"
      "on, also after a crash or a power cut: with what is missing, was interrupted or has failed. Several\n"
      "processes may run one study, on one machine or on several that share HOME.");
  line.words(options.words, 1, 1, "an experiment file").of({Value::experiment});
  options.take_experiment(line);
  take_options(options, line);
  line.example("vaso study run experiments/quickstart.toml --workers 2", "two runs at a time")
      .example("vaso study run study.toml --dry-run", "every run of it, and what is there already")
      .example("vaso study run study.toml --set 'study.seeds=[0]'", "one seed first; with all of them, it is reused");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const std::string file = experiment_file(options.words.front());
  StudyRequest request = request_for(options, file);
  request.go_on = fmt::format("vaso study run {}{}{}", file, overrides_again(options), options.home_again());
  return run_study(request, format);
}

int study_resume(const Arguments& arguments) {
  StudyOptions options;
  CommandLine line("study resume", "NAME|FILE [options]",
                   "Goes on with a study as it was last run, values of --set included: with what is missing, was\n"
                   "interrupted or has failed. Its file need not be there any more, and changes to it do not count;\n"
                   "`vaso study run FILE` is for those.");
  line.words(options.words, 1, 1, "the name of a study, or its file").of({Value::study, Value::experiment});
  options.take_plugins(line);
  take_options(options, line);
  line.example("vaso study resume ablation", "after Ctrl-C, a crash or a power cut")
      .example("vaso study resume ablation --keep-failed", "only what is missing or was interrupted");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_usage;
  }
  const runs::StudyRecord study = named_study(*store, options.words.front());
  StudyRequest request = request_for(options, as_file(study, options.home));
  request.original = study.file;
  request.go_on = fmt::format("vaso study resume {}{}", study.name, options.home_again());
  return run_study(request, format);
}

int study_status(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  CommandLine line(
      "study status", "[NAME|FILE] [options]",
      "Shows what of a study is done, running (with the time left), failed (and why), interrupted or missing:\n"
      "a line for each cell and seed, a column for each phase and task, run numbers in brackets. Without a\n"
      "name: a line for each study.");
  line.words(words, 0, 1, "the name of a study, or its file").of({Value::study, Value::experiment});
  options.take_home(line);
  options.take_format(line);
  line.example("vaso study status ablation", "")
      .example("watch -n 10 vaso study status ablation", "while it runs elsewhere")
      .example("vaso study status ablation --format json", "for a script");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return words.empty() ? exit_ok : exit_usage;
  }
  if (words.empty()) return list_studies(*store, format);
  fmt::print("{}", write(status_of(*store, named_study(*store, words.front())), format));
  return exit_ok;
}

}  // namespace vaso::cli
