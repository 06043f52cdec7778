#include "train/torchscript.hpp"

#include "train/atomic_file.hpp"
#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>

namespace vaso::train {
namespace {

namespace jit = torch::jit;

// Two are recorded, the third is what the file is tried with.
constexpr std::int64_t first_batch = 2, second_batch = 3, third_batch = 5;
constexpr double tolerance = 1e-5;

// Images of a fixed pattern: a generator of the run is none of this file's business.
at::Tensor example(std::int64_t batch, std::int64_t side) {
  return at::sin(at::arange(batch * 3 * side * side, at::kFloat) * 0.37).reshape({batch, 3, side, side}) * 2;
}

// The same tree of names with the same tensors, as TorchScript wants it.
jit::Module mirrored(const torch::nn::Module& network, const std::shared_ptr<jit::CompilationUnit>& unit) {
  jit::Module module(c10::QualifiedName("__torch__.vasolab.Network"), unit, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), false);  // train() and eval() of whoever loads it set it
  for (const auto& item : network.named_parameters(/*recurse=*/false))
    module.register_parameter(item.key(), item.value(), /*is_buffer=*/false);
  for (const auto& item : network.named_buffers(/*recurse=*/false)) module.register_buffer(item.key(), item.value());
  for (const auto& item : network.named_children()) module.register_module(item.key(), mirrored(*item.value(), unit));
  return module;
}

std::shared_ptr<jit::Graph> recorded(const ScriptMethod& method, const at::Tensor& image, jit::Module& module) {
  const auto compute = [&](jit::Stack inputs) -> jit::Stack { return {method.compute(inputs.front().toTensor())}; };
  const auto no_names = [](const at::Tensor&) { return std::string(); };
  return jit::tracer::trace({image}, compute, no_names, /*strict=*/true, /*force_outplace=*/false, &module, {"image"})
      .first->graph;
}

bool is_integer(const jit::Node& node) {
  return node.kind() == c10::prim::Constant && node.hasAttribute(c10::attr::value) &&
         node.kindOf(c10::attr::value) == jit::AttributeKind::i;
}

[[noreturn]] void not_recorded(const std::string& method, const std::string& why) {
  throw CheckpointError(fmt::format("`{}` cannot be written as TorchScript: {}", method, why));
}

// Of two recordings of one method the integers that differ are multiples of the batch size; they are replaced by that
// multiple of the size that the image has when the file is run. C++ code asks a tensor for its sizes unseen by the
// recording, which keeps the answer.
void free_batch_size(jit::Graph& graph, jit::Graph& other, const std::string& method) {
  auto mine = graph.nodes(), theirs = other.nodes();
  jit::Value* image = graph.inputs().back();
  std::vector<std::pair<jit::Node*, std::int64_t>> found;  // and how many times the batch size
  auto b = theirs.begin();
  for (auto a = mine.begin(); a != mine.end(); ++a, ++b) {
    if (b == theirs.end() || a->kind() != b->kind() || is_integer(**a) != is_integer(**b))
      not_recorded(method, "what it does depends on the number of images");
    if (!is_integer(**a)) continue;
    const std::int64_t first = a->i(c10::attr::value), second = b->i(c10::attr::value);
    if (first == second) continue;
    if (first % first_batch != 0 || first / first_batch * second_batch != second)
      not_recorded(method, fmt::format("{} for {} images becomes {} for {}", first, first_batch, second, second_batch));
    found.emplace_back(*a, first / first_batch);
  }
  if (b != theirs.end()) not_recorded(method, "what it does depends on the number of images");
  if (found.empty()) return;

  jit::WithInsertPoint at_start(*graph.nodes().begin());
  jit::Value* size = graph.insert(c10::aten::size, {image, std::int64_t{0}});
  for (const auto& [node, times] : found) {
    jit::Value* value = times == 1 ? size : graph.insert(c10::aten::mul, {size, times});
    node->output()->replaceAllUsesWith(value);
    node->destroy();
  }
}

void add_method(jit::Module& module, const std::shared_ptr<jit::CompilationUnit>& unit, const ScriptMethod& method,
                std::int64_t side) {
  const auto graph = recorded(method, example(first_batch, side), module);
  const auto other = recorded(method, example(second_batch, side), module);
  free_batch_size(*graph, *other, method.name);
  jit::Function* function = unit->create_function(c10::QualifiedName(*module.type()->name(), method.name), graph);
  module.type()->addMethod(function);
}

// Neither the recording nor what was read again is taken on trust.
void check(const std::string& content, const Script& script) {
  std::istringstream stream(content);
  jit::Module module = jit::load(stream);
  const at::Tensor image = example(third_batch, script.image_size).flip({0, 2}).contiguous();
  for (const ScriptMethod& method : script.methods) {
    const at::Tensor expected = method.compute(image), given = module.get_method(method.name)({image}).toTensor();
    if (given.sizes() != expected.sizes()) not_recorded(method.name, "it gives another shape for other images");
    // A rounding turns a pixel that stands at the threshold.
    const bool decided = expected.scalar_type() == at::kBool;
    const at::Tensor differences = (given.to(at::kDouble) - expected.to(at::kDouble)).abs();
    const double difference = (decided ? differences.mean() : differences.max()).item<double>();
    const double size = decided ? 100 : std::max(1.0, expected.abs().max().item<double>());
    if (!(difference <= tolerance * size))
      not_recorded(method.name, fmt::format("on other images it differs from the network by {:.2g}", difference));
  }
}

}  // namespace

void export_torchscript(const std::filesystem::path& file, const Script& script) {
  const c10::NoGradGuard no_gradient;
  const auto unit = std::make_shared<jit::CompilationUnit>();
  jit::Module module(c10::QualifiedName("__torch__.vasolab.Model"), unit);
  for (const auto& [name, network] : script.networks) module.register_module(name, mirrored(*network, unit));
  module.register_attribute("training", c10::BoolType::get(), false);
  for (const ScriptMethod& method : script.methods) add_method(module, unit, method, script.image_size);

  std::ostringstream stream;
  module.save(stream, {script.files.begin(), script.files.end()});
  const std::string content = stream.str();
  check(content, script);
  AtomicFile out(file, content.size());
  out.write(content.data(), content.size());
  out.commit();
}

}  // namespace vaso::train
