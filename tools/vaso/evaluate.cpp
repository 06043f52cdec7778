// vaso evaluate: scores of files, whichever program made them.
#include "exit_codes.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::cli {
namespace {

struct EvaluateOptions : Common {
  std::string truth, prediction, labels, file;
  bool no_distances = false;
};

void take_rest(EvaluateOptions& options, CommandLine& line) {
  options.take_format(line, {"text", "json", "md", "csv"});
  line.value(options.file, "out", "FILE.csv", "write the scores of every image there, for paired tests");
  options.take_quiet(line);
}

int ask(const char* worker_verb, const EvaluateOptions& options) {
  if (options.truth.empty()) throw UsageError("--truth is missing: what the predictions are compared with");
  if (options.prediction.empty()) throw UsageError("--prediction is missing: what is to be scored");
  std::vector<std::string> question = {worker_verb, options.truth, options.prediction, "--format", options.format};
  if (!options.file.empty()) question.insert(question.end(), {"--out", options.file});
  if (!options.labels.empty()) question.insert(question.end(), {"--labels", options.labels});
  if (options.no_distances) question.emplace_back("--no-distances");
  const Answer answer = ask_worker(question, options.quiet);
  if (!answer.json.empty()) fmt::print("{}", nlohmann::json::parse(answer.json).value("text", ""));
  return answer.code;
}

}  // namespace

int evaluate_masks(const Arguments& arguments) {
  EvaluateOptions options;
  CommandLine line(
      "evaluate masks", "--truth DIR --prediction DIR [options]",
      "Scores masks against true ones: Dice, clDice, IoU, precision, recall, Hausdorff distance (95 %) and average\n"
      "surface distance, and Dice as MONAI, nnU-Net, mmsegmentation and medpy would print it. Every number stands\n"
      "beside the convention that it was computed by, and how many image-and-class cells that leaves out.\n\n"
      "Masks of one name belong together, extensions aside; folders in the two folders are gone through too. A mask "
      "is\n"
      "0 and 1, or 0 and 255. With --labels it is a map: 0 is background, 1 the first label, and so on. What does not\n"
      "fit (a file without its partner, another size, a value that is no label) is named, and nothing is scored.");
  line.value(options.truth, "truth", "DIR", "true masks")
      .value(options.prediction, "prediction", "DIR", "predicted masks")
      .value(options.labels, "labels", "N|a,b,c",
             "maps of so many labels, or of these in order (default: binary masks)")
      .flag(options.no_distances, "no-distances", "leave out hd95 and assd, which take longest");
  take_rest(options, line);
  line.example("vaso evaluate masks --truth arcade/masks --prediction answers/masks", "vessels")
      .example("vaso evaluate masks --truth maps --prediction answers/maps --labels 25", "segments, a table by class")
      .example("vaso evaluate masks --truth a --prediction b --out b.csv", "and a file with a row an image");
  return line.parse(arguments) ? ask("evaluate-masks", options) : exit_ok;
}

int evaluate_boxes(const Arguments& arguments) {
  EvaluateOptions options;
  CommandLine line(
      "evaluate boxes", "--truth FILE.json --prediction FILE.json [options]",
      "Scores found boxes against true ones: COCO's twelve figures, equal to pycocotools', and precision, recall and "
      "F1\n"
      "of the boxes with a score of 0.5 or more.\n\n"
      "The truth is a COCO annotation file (images, categories, annotations), the prediction a COCO results file:\n"
      "[{\"image_id\": 1, \"category_id\": 26, \"bbox\": [left, top, width, height], \"score\": 0.9}, …], in pixels.\n"
      "A detection of an image or category that the truth does not have is an error. Annotation ids may repeat.");
  line.value(options.truth, "truth", "FILE.json", "true boxes")
      .value(options.prediction, "prediction", "FILE.json", "found boxes");
  take_rest(options, line);
  line.example(
          "vaso evaluate boxes --truth arcade/stenosis/test/annotations/test.json --prediction answers/detections.json",
          "")
      .example("vaso evaluate boxes --truth truth.json --prediction found.json --format md", "a table for a report");
  return line.parse(arguments) ? ask("evaluate-boxes", options) : exit_ok;
}

}  // namespace vaso::cli
