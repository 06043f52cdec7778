// A study from its file to its summary: what `vaso run` and `vaso study run` do.
#pragma once

#include "command_line.hpp"
#include "report/formats.hpp"
#include "study_plan.hpp"

#include <filesystem>
#include <string>

namespace vaso::cli {

struct StudyRequest : Common {
  StudyRequest(const Common& options, std::filesystem::path file) : Common(options), file(std::move(file)) {}

  std::filesystem::path file;
  std::filesystem::path original;  // where `file` is the copy of a recorded study: the file that it was made from
  std::int64_t workers = 0;        // 0 = as the file says
  Policy policy;
  bool dry_run = false;
  bool waits = false;  // for equal runs that other processes work on; else nothing starts while there is one
  std::string go_on;   // the command that goes on after Ctrl-C
};

// Plans, records the study, runs what is missing, prints the summary. Returns an exit code; throws ConfigError,
// StoreError, WorkerError.
int run_study(const StudyRequest& request, report::Format format);

// " --set 'a=b'" for each: without them it would be another experiment.
std::string overrides_again(const Common& options);

}  // namespace vaso::cli
