#include "model/image_parts.hpp"

#include "kernels/on_threads.hpp"
#include "model/half_weights.hpp"
#include "model/recompute.hpp"
#include "model/trained.hpp"
#include "model/weight_gradients.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// On a thread that knows no autocast of its own, its end is the end of the outermost: copies of weights that it made
// must not outlive the step.
class AutocastNesting {
 public:
  AutocastNesting() { at::autocast::increment_nesting(); }
  ~AutocastNesting() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  }
  AutocastNesting(const AutocastNesting&) = delete;
};

// What this thread has set (autocast, gradients, recomputation) is set on the others meanwhile.
void for_each_part(std::size_t parts, const std::function<void(std::size_t)>& work) {
  const at::ThreadLocalState state;
  const bool recompute = Recomputation::on();
  HalfWeights half_weights;
  kernels::on_threads(static_cast<std::int64_t>(parts), [&](std::int64_t i) {
    const at::ThreadLocalStateGuard same_state(state);
    const Recomputation same_recomputation(recompute);
    const AutocastNesting nesting;
    const HalfWeights::Use shared(half_weights);
    work(static_cast<std::size_t>(i));
  });
}

// results[part][k] → k: all images.
variable_list joined(const std::vector<variable_list>& results) {
  variable_list whole;
  for (std::size_t k = 0; k < results.front().size(); ++k) {
    variable_list pieces;
    for (const auto& result : results) pieces.push_back(result[k]);
    whole.push_back(at::cat(pieces));
  }
  return whole;
}

std::vector<variable_list> results_of(const OfImages& of, const variable_list& in) {
  std::vector<std::int64_t> first(in.size(), 0);
  for (std::size_t i = 1; i < in.size(); ++i) first[i] = first[i - 1] + in[i - 1].size(0);
  std::vector<variable_list> results(in.size());
  for_each_part(in.size(), [&](std::size_t i) { results[i] = of(in[i], first[i]); });
  return results;
}

// Whether writing to it changes nothing else.
bool own(const at::Tensor& tensor) {
  return tensor.storage().use_count() == 1 && tensor.is_non_overlapping_and_dense();
}

// From each part's x to its results.
struct Graphs : torch::CustomClassHolder {
  variable_list in;
  std::vector<variable_list> out;
};

struct InParts : torch::autograd::Function<InParts> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x, const at::TensorList& parameters,
                               const OfImages& of) {
    auto graphs = c10::make_intrusive<Graphs>();
    for (const at::Tensor& part : x.detach().tensor_split(image_parts(x)))
      graphs->in.push_back(part.detach().set_requires_grad(x.requires_grad()));
    {
      const at::AutoGradMode with_gradient(true);
      graphs->out = results_of(of, graphs->in);
    }
    variable_list whole = joined(graphs->out);
    context->set_materialize_grads(false);
    context->saved_data["graphs"] = c10::IValue::make_capsule(std::move(graphs));
    context->save_for_backward(parameters.vec());
    return whole;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list parameters = context->get_saved_variables();
    const auto capsule = context->saved_data["graphs"].toCapsule();
    auto& graphs = static_cast<Graphs&>(*capsule);
    const bool wants_x = graphs.in[0].requires_grad();
    const auto parts = static_cast<std::int64_t>(graphs.in.size());
    std::vector<variable_list> incoming(graphs.in.size()), each(graphs.in.size());
    for (const at::Tensor& gradient : gradients) {
      const auto pieces = gradient.defined() ? gradient.tensor_split(parts) : variable_list(graphs.in.size());
      for (std::size_t i = 0; i < pieces.size(); ++i) incoming[i].push_back(pieces[i]);
    }
    WeightGradients sums(graphs.in.size());
    for_each_part(graphs.in.size(), [&](std::size_t i) {
      WeightGradients::Part part(sums, i);
      variable_list roots, root_gradients, inputs = parameters;
      for (std::size_t k = 0; k < gradients.size(); ++k) {
        if (!gradients[k].defined() || !graphs.out[i][k].requires_grad()) continue;
        roots.push_back(graphs.out[i][k]);
        root_gradients.push_back(incoming[i][k]);
      }
      if (wants_x) inputs.push_back(graphs.in[i]);
      each[i] = roots.empty() ? variable_list(inputs.size())
                              : torch::autograd::grad(roots, inputs, root_gradients, /*retain_graph=*/c10::nullopt,
                                                      /*create_graph=*/false, /*allow_unused=*/true);
      graphs.out[i].clear();
      part.finish();
    });
    variable_list result(1);
    if (wants_x) {
      variable_list pieces;
      for (variable_list& part : each) {
        pieces.push_back(part.back().defined() ? part.back() : at::zeros_like(graphs.in[pieces.size()]));
        part.pop_back();
      }
      result[0] = at::cat(pieces);
    }
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      at::Tensor sum = sums.of(parameters[p]);
      for (variable_list& part : each) {
        const at::Tensor gradient = std::exchange(part[p], {});
        if (!gradient.defined()) continue;
        sum = !sum.defined() ? gradient : own(sum) ? sum.add_(gradient) : sum + gradient;
      }
      result.push_back(sum);
    }
    result.emplace_back();
    return result;
  }
};

}  // namespace

std::int64_t image_parts(const at::Tensor& x) {
  const std::int64_t images = x.size(0), threads = at::get_num_threads();
  if (!x.device().is_cpu() || images < threads || kernels::on_one_of_threads() ||
      at::tracer::impl::is_dispatch_enabled())
    return 1;
  const std::int64_t most = (images + threads - 1) / threads;  // to one thread
  return 20 * most * threads <= 21 * images ? threads : 1;
}

std::vector<at::Tensor> in_parts(const OfImages& of, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  const std::int64_t parts = image_parts(x);
  if (parts == 1) return of(x, 0);
  const variable_list weights = trained(parameters);
  if (weights.empty() && !(at::GradMode::is_enabled() && x.requires_grad()))
    return joined(results_of(of, x.tensor_split(parts)));
  return InParts::apply(x, at::TensorList(weights), of);
}

}  // namespace vaso::model
