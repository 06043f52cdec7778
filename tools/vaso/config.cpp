// vaso config: what an experiment file says once everything is resolved, and whether it would run.
#include "config/tree.hpp"
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "host_defaults.hpp"
#include "installation.hpp"
#include "study_session.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::cli {

int config_show(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  CommandLine line(
      "config show", "FILE [options]",
      "Prints every value of an experiment and where it came from: the file and line, a file it extends, --set, or\n"
      "the default. Defaults of components are shown by `vaso plugins info KIND.NAME`.");
  line.words(words, 1, 1, "an experiment file").of({Value::experiment});
  line.list(options.overrides, "set", "PATH=VALUE", "as for `vaso run` (may be repeated)").of({Value::setting});
  options.take_format(line);
  line.example("vaso config show experiments/quickstart.toml", "")
      .example("vaso config show study.toml --set masking.ratio=0.6", "with the origin `--set masking.ratio=0.6`");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const std::string file = experiment_file(words.front());
  const config::Node tree = with_host_defaults(config::load(file, options.overrides), file);
  Grid grid{{"setting", "value", "from"}, {}};
  for (const config::Leaf& leaf : config::leaves(tree))
    grid.rows.push_back({leaf.path, leaf.value.empty() ? "\"\"" : leaf.value, leaf.origin.place()});
  std::string text = write(grid, format);
  fmt::print("{}", text);
  return exit_ok;
}

int config_check(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  CommandLine line("config check", "FILE [options]",
                   "Finds every fault that a run would find, before it starts: unknown keys, wrong types and ranges, "
                   "missing files,\n"
                   "shapes that do not fit, plugins that are refused. Ends with 0, 3 (configuration) or 4 (plugin).");
  line.words(words, 1, 1, "an experiment file").of({Value::experiment});
  options.take_experiment(line);
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso config check study.toml", "")
      .example("vaso config check study.toml --set model.patch_size=14", "");
  if (!line.parse(arguments)) return exit_ok;
  std::vector<std::string> question = {"check", experiment_file(words.front())};
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.code != exit_ok || options.quiet) return answer.code;
  const auto checked = nlohmann::json::parse(answer.json);
  const std::size_t cells = checked.at("cells").size();
  fmt::print("{} {}: {} cell{}.{}\n", out().paint(Paint::green, "ok"), words.front(), cells, cells == 1 ? "" : "s",
             checked.contains("shape") ? " " + checked.at("shape").get<std::string>() : "");
  say_next(fmt::format("vaso run {}{}{}", words.front(), overrides_again(options), options.home_again()));
  return exit_ok;
}

}  // namespace vaso::cli
