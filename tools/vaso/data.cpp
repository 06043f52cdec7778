// vaso data: what a data set holds; a picture of it; and a pack, which is read faster.
#include "exit_codes.hpp"
#include "home.hpp"
#include "installation.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::cli {
namespace {

struct DataOptions : Common {
  std::vector<std::string> words;
  std::string file, dataset, task;
  std::int64_t count = 0;
};

void take_rest(DataOptions& options, CommandLine& line) {
  line.words(options.words, 1, 1, "an experiment file, or a folder of images").of({Value::experiment, Value::folder});
  line.value(options.dataset, "dataset", "NAME", "what reads a folder: arcade, stenosis, … (default: images)")
      .of({Value::dataset})
      .value(options.task, "task", "NAME", "of a file: the data set of [downstream.NAME] instead of [data]");
  options.take_experiment(line);
  options.take_home(line);
  options.take_quiet(line);
}

int ask(const char* worker_verb, const DataOptions& options) {
  std::vector<std::string> question = {worker_verb, experiment_file(options.words.front())};
  if (!options.file.empty()) question.insert(question.end(), {"--out", options.file});
  if (!options.dataset.empty()) question.insert(question.end(), {"--dataset", options.dataset});
  if (!options.task.empty()) question.insert(question.end(), {"--task", options.task});
  if (options.count > 0) question.insert(question.end(), {"--count", std::to_string(options.count)});
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.json.empty()) return answer.code;
  const auto result = nlohmann::json::parse(answer.json);
  std::string text = result.value("text", "");
  if (!text.empty()) fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  if (const std::string file = result.value("file", ""); !file.empty()) fmt::print("{}\n", file);
  return answer.code;
}

}  // namespace

int data_info(const Arguments& arguments) {
  DataOptions options;
  CommandLine line(
      "data info", "FILE|FOLDER [options]",
      "Counts the images of a data set, their sizes, maps and labels, finds what its splits know of each other, and "
      "names\n"
      "every file that is damaged or does not fit. A folder is read as dataset.images, or as --dataset says.");
  take_rest(options, line);
  line.example("vaso data info experiments/real_frames.toml", "")
      .example("vaso data info ~/angiograms", "a folder, before there is an experiment")
      .example("vaso data info ~/arcade --dataset arcade --set data.arcade.task=stenosis", "a published data set");
  return line.parse(arguments) ? ask("data-info", options) : exit_ok;
}

int data_check(const Arguments& arguments) {
  DataOptions options;
  CommandLine line(
      "data check", "FILE|FOLDER [options]",
      "Looks at all of a data set as `data info` does, prints its faults, and ends with code 3 where there "
      "is one.");
  take_rest(options, line);
  line.example("vaso data check ~/danilov --dataset stenosis", "");
  return line.parse(arguments) ? ask("data-check", options) : exit_ok;
}

int data_preview(const Arguments& arguments) {
  DataOptions options;
  CommandLine line("data preview", "FILE|FOLDER [options]",
                   "Makes a picture of some images and, beside each, its maps, masks and boxes.");
  line.value(options.file, "out", "FILE.png", "where to write it")
      .value(options.count, "count", "N", "how many images");
  take_rest(options, line);
  line.example("vaso data preview experiments/quickstart.toml --count 12 --out phantoms.png", "");
  return line.parse(arguments) ? ask("data-preview", options) : exit_ok;
}

int data_pack(const Arguments& arguments) {
  DataOptions options;
  CommandLine line(
      "data pack", "FILE|FOLDER [options]",
      "Decodes a data set once and writes images and filter masks into one file, which training maps into memory.\n"
      "`vaso run` does so by itself; this is for doing it beforehand, or elsewhere.");
  line.value(options.file, "out", "FILE.pack", "where to write it (default: the cache that runs use)");
  take_rest(options, line);
  line.example("vaso data pack experiments/real_frames.toml", "");
  if (!line.parse(arguments)) return exit_ok;
  const int code = ask("data-pack", options);
  const std::string& word = options.words.front();
  if (code == exit_ok && !options.quiet && word.ends_with(".toml")) say_next("vaso run " + word + options.home_again());
  return code;
}

}  // namespace vaso::cli
