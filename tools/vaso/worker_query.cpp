#include "worker_query.hpp"

#include "exit_codes.hpp"
#include "progress_bar.hpp"
#include "worker_process.hpp"

#include <fmt/format.h>

namespace vaso::cli {

Answer ask_worker(const std::vector<std::string>& arguments, bool quiet) {
  Answer answer;
  bool explained = false;
  ProgressBar bar(err(), stderr, quiet);
  WorkerCall call;
  call.arguments = arguments;
  if (err().colours()) call.arguments.emplace_back("--colours");
  call.event = [&](const experiment::Event& event) {
    using Kind = experiment::Event::Kind;
    switch (event.kind) {
      case Kind::stage:
        bar.stage(event.text);
        break;
      case Kind::progress:
        bar.update(event.done, event.total, event.text);
        break;
      case Kind::note:
        bar.line(event.text);
        break;
      case Kind::result:
        answer.json = event.text;
        break;
      case Kind::fault:
        explained = true;
        bar.clear();
        fmt::print(stderr, "{}\n", event.text);
        break;
    }
  };
  const WorkerEnd end = run_worker(call);
  bar.clear();
  answer.code = end.signal != 0 ? (end.stopped ? exit_interrupted : exit_failure) : end.exit_code;
  if (answer.code != exit_ok && answer.code != exit_interrupted && !explained) {
    fmt::print(stderr, "{} vaso-worker {} {}.\n", err().paint(Paint::red, "error:"), arguments.front(), describe(end));
    if (!end.last_lines.empty()) fmt::print(stderr, "Its last lines:\n{}\n", indent(end.last_lines, "  | "));
  }
  return answer;
}

}  // namespace vaso::cli
