// vaso weights: what a file of weights holds; weights of others as an encoder of ours, and the other way round.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "study_plan.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "weights/import.hpp"
#include "weights_text.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using weights::Layout;

bool wants_json(const std::string& verb, const std::string& format) {
  const report::Format parsed = parse_format(format);
  if (parsed != report::Format::text && parsed != report::Format::json)
    throw UsageError(fmt::format("`vaso weights {}` prints text or json.", verb));
  return parsed == report::Format::json;
}

void print(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

struct PlanWords {
  weights::PlanOptions plan;
  void take(CommandLine& line) {
    line.value(plan.part, "part", "NAME", "of a file with several encoders: which one, as `weights info` names it")
        .value(plan.heads, "heads", "N", "attention heads, which no tensor tells (default: the usual for the width)")
        .flag(plan.allow_missing, "allow-missing",
              "give an encoder without class token one like MAE's, and fill a last norm that is not there");
  }
  void check() const {
    if (plan.heads < 0) throw UsageError("--heads is a number from 1.");
  }
};

constexpr const char* torchscript = "torchscript";

// Nothing for torchscript, which is no layout of names.
std::optional<Layout> layout_named(const std::string& name) {
  static const std::vector<std::string> names = {"timm", "huggingface", "mae", torchscript};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw UsageError(with_suggestion(fmt::format("there is no layout `{}`", name), name, names));
  if (name == torchscript) return std::nullopt;
  return static_cast<Layout>(found - names.begin());
}

struct WeightsSource {
  fs::path file;
  std::int64_t heads = 0;  // where the run says so
};

// "12" is a run of the database, anything else a file.
WeightsSource source_of(const std::string& word, std::optional<Layout> layout, const Common& options) {
  const bool number = std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || fs::exists(word)) return {word};
  const auto store = open_existing(options.home);
  if (!store) throw UsageError(fmt::format("there are no runs in {}; --home names another folder", options.home));
  const runs::Run run = find_run(*store, word);
  if (run.phase == "segmentor")
    throw UsageError(fmt::format("run {} is of phase segmentor and has no vision transformer.", run.id));
  const fs::path folder = run.folder;
  WeightsSource source = {folder / weights_file(run.phase)};
  if (!fs::exists(source.file)) {
    throw UsageError(
        fmt::format("run {} is {} and has left no {}", run.id, runs::to_text(run.status), shown(source.file)));
  }
  // The last checkpoint of a pre-training has the same encoder and its decoder, which MAE's own network wants.
  const fs::path checkpoint = folder / "checkpoint.safetensors";
  if (layout == Layout::mae && run.phase == "pretrain" && fs::exists(checkpoint)) source.file = checkpoint;
  const auto settings = store->settings(run.id);
  if (const auto heads = settings.find("model.heads"); heads != settings.end())
    source.heads = std::strtoll(heads->second.c_str(), nullptr, 10);
  return source;
}

// Needs LibTorch and the head's plugin, so the worker does it.
int export_torchscript(const fs::path& file, const std::string& to, const Common& options) {
  std::vector<std::string> question = {torchscript, "--weights", file.string(), "--out", to};
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.code != exit_ok) return answer.code;
  fmt::print("{}\n{}. To run: torch.jit.load(\"{}\")(images); the file's vasolab.json says what images it takes\n", to,
             nlohmann::json::parse(answer.json).value("text", ""), to);
  return exit_ok;
}

std::string how_to_load(Layout layout, const weights::Exported& done) {
  switch (layout) {
    case Layout::timm:
      return done.loading;
    case Layout::huggingface:
      return "transformers.ViTModel.from_pretrained(FOLDER, add_pooling_layer=False)";
    case Layout::mae:
      return done.decoder
                 ? "facebookresearch/mae: encoder and decoder, for main_pretrain.py --resume and main_finetune.py"
                 : "facebookresearch/mae: the encoder, for main_finetune.py --finetune FILE";
  }
  return "";
}

}  // namespace

int weights_info(const Arguments& arguments) {
  std::vector<std::string> words;
  Common options;
  bool all = false;
  CommandLine line(
      "weights info", "FILE [options]",
      "Says what a file of weights is: safetensors, or PyTorch's .pth (zip and legacy); whose it looks like;\n"
      "width, depth, heads, patch and image size of the vision transformer in it; its tensors. No code of\n"
      "the file is run.");
  line.words(words, 1, 1, "a file of weights").of({Value::file});
  line.flag(all, "tensors", "each tensor on a line of its own, and all metadata")
      .value(options.format, "format", "F", "text or json (default: text)");
  line.example("vaso weights info mae_pretrain_vit_base.pth", "")
      .example("vaso weights info runs/0002-pretrain/encoder.safetensors --format json", "for a script");
  if (!line.parse(arguments)) return exit_ok;
  const bool json = wants_json("info", options.format);
  const weights::WeightFile file = weights::open_weights(words.front());
  json ? print(info_json(file)) : fmt::print("{}", info_text(file, all));
  return exit_ok;
}

int weights_import(const Arguments& arguments) {
  std::vector<std::string> words;
  Common options;
  PlanWords plan_words;
  std::string to;
  CommandLine line(
      "weights import", "FILE --out ENCODER.safetensors [options]",
      "Makes an encoder for experiments of weights that others trained: MAE, VasoMIM, HPM, AMT, medical MAE, MoCo v3,\n"
      "DINO, iBOT, SimMIM, I-JEPA, CheXWorld, DINOv2, DINOv3, RAD-DINO, MedDINOv3, LVM-Med, and whatever has the keys\n"
      "of timm or of transformers' ViT. What our encoder cannot represent (a gated MLP, a distillation token) is\n"
      "refused, and so is a file that does not fill every tensor. LayerScale is multiplied into the weights before "
      "it,\n"
      "which is exact. At the end stands what an experiment says of such an encoder.");
  line.words(words, 1, 1, "a file of weights").of({Value::file});
  line.value(to, "out", "FILE", "the encoder to write")
      .value(plan_words.plan.architecture, "as", "NAME", "what it must be, e.g. vit_b_16 (default: whatever it is)");
  plan_words.take(line);
  line.value(options.format, "format", "F", "text or json (default: text)");
  line.example("vaso weights import mae_pretrain_vit_base.pth --as vit_b_16 --out mae.safetensors", "")
      .example("vaso weights import dino_full.pth --part student --out student.safetensors", "not the teacher")
      .example("vaso run study.toml --set model.init_from=mae.safetensors", "to go on with");
  if (!line.parse(arguments)) return exit_ok;
  plan_words.check();
  if (to.empty()) throw UsageError("`vaso weights import` needs --out FILE.");
  const bool json = wants_json("import", options.format);
  const weights::WeightFile file = weights::open_weights(words.front());
  const weights::EncoderPlan plan = weights::plan_encoder(file, plan_words.plan);
  weights::write_encoder(plan, file, to);
  if (json) {
    auto answer = import_json(plan);
    answer["file"] = to;
    print(answer);
    return exit_ok;
  }
  fmt::print("{}  {:<12} {}\n\n", import_text(plan), "written", to);
  fmt::print(
      "In an experiment:  [model] dim = {}, depth = {}, heads = {}, image_size = {}, patch_size = {}{}{}\n"
      "to fine-tune it:    [downstream.NAME] weights = \"{}\"{}\n",
      plan.shape.dim, plan.shape.depth, plan.shape.heads, plan.shape.image(), plan.shape.patch,
      plan.shape.traits().empty() ? "" : ", ", plan.shape.traits(), to,
      plan.shape.relative ? ", relative_positions = true" : "");
  if (!plan.shape.relative) fmt::print("to go on with it:   [model] init_from = \"{}\"\n", to);
  return exit_ok;
}

int weights_export(const Arguments& arguments) {
  std::vector<std::string> words;
  Common options;
  PlanWords plan_words;
  std::string layout_name, to;
  CommandLine line(
      "weights export", "RUN|FILE --to LAYOUT --out PATH [options]",
      "Writes the encoder of a run, or of any file that `weights import` reads, with the names that other programs\n"
      "load strictly: timm (a file, and the line of Python that makes its network), huggingface (a folder with\n"
      "config.json, for transformers' ViTModel), mae (facebookresearch/mae, with the decoder where the run has one).\n"
      "A file that ends in .pth is written as torch.save would, any other as safetensors. torchscript writes the\n"
      "network itself, with the head where the run is a fine-tuning: one file that Python (torch.jit.load) and C++\n"
      "(torch::jit::load) run without VasoLab. It takes B×3×S×S images, normalised as its vasolab.json says;\n"
      "module.masks(images) gives the masks of a fine-tuned model.");
  line.words(words, 1, 1, "a run, or a file of weights").of({Value::run, Value::file});
  line.value(layout_name, "to", "LAYOUT", "timm, huggingface, mae or torchscript")
      .choices({"timm", "huggingface", "mae", torchscript})
      .value(to, "out", "PATH", "the file to write; for huggingface the folder");
  plan_words.take(line);
  options.take_plugins(line);
  options.take_home(line);
  line.example("vaso weights export 12 --to timm --out vasomim.safetensors", "the encoder of run 12")
      .example("vaso weights export 12 --to huggingface --out vasomim", "")
      .example("vaso weights export 12 --to mae --out checkpoint.pth", "with its decoder")
      .example("vaso weights export 14 --to torchscript --out vessels.pt", "encoder and head of a fine-tuning");
  if (!line.parse(arguments)) return exit_ok;
  plan_words.check();
  if (layout_name.empty()) throw UsageError("`vaso weights export` needs --to timm, huggingface, mae or torchscript.");
  if (to.empty()) throw UsageError("`vaso weights export` needs --out PATH.");
  const std::optional<Layout> layout = layout_named(layout_name);
  const WeightsSource source = source_of(words.front(), layout, options);
  if (!layout) return export_torchscript(source.file, to, options);
  if (plan_words.plan.heads == 0) plan_words.plan.heads = source.heads;
  const weights::WeightFile file = weights::open_weights(source.file);
  const weights::EncoderPlan plan = weights::plan_encoder(file, plan_words.plan);
  const weights::Exported done = weights::export_encoder(plan, file, *layout, to);
  for (const fs::path& written : done.files) fmt::print("{}\n", written.string());
  fmt::print("{} at {} px, {} tensors. To load: {}\n", architecture_name(plan.shape), plan.shape.image(), done.tensors,
             how_to_load(*layout, done));
  return exit_ok;
}

}  // namespace vaso::cli
