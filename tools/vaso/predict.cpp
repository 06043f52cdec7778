// vaso predict: a fine-tuned model applied to images.
#include "exit_codes.hpp"
#include "home.hpp"
#include "study_plan.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

// "12" is a run of the database, anything else a file.
fs::path model_file(const std::string& word, const Common& options) {
  const bool number = !word.empty() && std::all_of(word.begin(), word.end(), ::isdigit);
  if (!number || fs::exists(word)) {
    if (!fs::is_regular_file(word))
      throw UsageError(fmt::format("there is no file {}: name a model.safetensors, or a run", word));
    return word;
  }
  const auto store = open_existing(options.home);
  if (!store) throw UsageError(fmt::format("there are no runs in {}; --home names another folder", options.home));
  const runs::Run run = find_run(*store, word);
  if (run.phase != "finetune") {
    throw UsageError(fmt::format("run {} is of phase {}: only what `finetune` made answers questions about images",
                                 run.id, run.phase));
  }
  const fs::path file = fs::path(run.folder) / weights_file(run.phase);
  if (!fs::exists(file)) {
    throw UsageError(fmt::format("run {} is {} and has left no {}", run.id, runs::to_text(run.status), shown(file)));
  }
  return file;
}

}  // namespace

int predict(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  std::string folder, device = "auto";
  CommandLine line("predict", "RUN|MODEL IMAGES… --out DIR [options]",
                   "Applies a fine-tuned model to images that need no labels: masks as PNG, boxes as COCO JSON, and\n"
                   "both drawn over the images. Folders are searched with all below them; files that are no images by\n"
                   "their name are read as DICOM, every frame of them.");
  line.words(words, 2, 10'000, "a run of phase finetune or its model.safetensors, and images")
      .of({Value::run, Value::file});
  line.value(folder, "out", "DIR",
             "where to write masks/, overlays/, detections.json, and files.csv: what came from which file and frame")
      .value(device, "device", "DEVICE", "auto, cpu or cuda")
      .choices({"auto", "cpu", "cuda"});
  options.take_plugins(line);
  options.take_home(line);
  options.take_quiet(line);
  line.example("vaso predict 12 ~/angiograms --out answers", "the weights of run 12")
      .example("vaso predict model.safetensors run.dcm --out answers", "a DICOM series")
      .example("vaso evaluate masks --truth masks --prediction answers/masks", "how right they are");
  if (!line.parse(arguments)) return exit_ok;
  if (folder.empty()) throw UsageError("`vaso predict` needs --out.");
  std::vector<std::string> question = {"predict"};
  question.insert(question.end(), words.begin() + 1, words.end());
  for (const std::string& word : {std::string("--weights"), model_file(words.front(), options).string(),
                                  std::string("--out"), folder, std::string("--device"), device}) {
    question.push_back(word);
  }
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.code != exit_ok || options.quiet) return answer.code;
  fmt::print("{}, in {}\n", nlohmann::json::parse(answer.json).value("text", ""), shown(folder));
  if (fs::is_directory(fs::path(folder) / "masks")) {
    say_next(fmt::format("vaso evaluate masks --truth DIR --prediction {}", shown(fs::path(folder) / "masks")));
  } else {
    say_next(fmt::format("vaso evaluate boxes --truth FILE.json --prediction {}",
                         shown(fs::path(folder) / "detections.json")));
  }
  return exit_ok;
}

}  // namespace vaso::cli
