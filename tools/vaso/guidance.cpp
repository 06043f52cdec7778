// vaso guidance make: guidance maps as images.
#include "exit_codes.hpp"
#include "home.hpp"
#include "installation.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>

namespace vaso::cli {

int guidance_make(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  std::string source, folder, segmentor;
  CommandLine line("guidance make", "FILE --source NAME --out DIR [options]",
                   "Writes the guidance map of every image of the experiment's data as an 8-bit PNG of the same name.");
  line.words(words, 1, 1, "an experiment file").of({Value::experiment});
  line.value(source, "source", "NAME", "guidance component: frangi, sato, unext, co_guidance, …")
      .of({Value::guidance})
      .value(folder, "out", "DIR", "where to write")
      .value(segmentor, "segmentor", "FILE", "segmentor.safetensors of a run, for sources that need one");
  options.take_experiment(line);
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso guidance make experiments/quickstart.toml --source sato --out masks", "")
      .example(
          "vaso guidance make study.toml --source unext --segmentor runs/0001-segmentor/segmentor.safetensors --out "
          "maps",
          "");
  if (!line.parse(arguments)) return exit_ok;
  if (source.empty() || folder.empty()) throw UsageError("`vaso guidance make` needs --source and --out.");
  std::vector<std::string> question = {"guidance-make", experiment_file(words.front()), "--source", source, "--out",
                                       folder};
  if (!segmentor.empty()) question.insert(question.end(), {"--weights", segmentor});
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.code == exit_ok && !options.quiet) fmt::print("Maps are in {}\n", shown(folder));
  return answer.code;
}

}  // namespace vaso::cli
