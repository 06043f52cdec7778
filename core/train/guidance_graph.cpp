#include "train/guidance_graph.hpp"

#include <fmt/format.h>

#include <functional>
#include <set>

namespace vaso::train {

GuidanceGraph::GuidanceGraph(const Recipe& recipe) {
  for (const auto& [name, choice] : recipe.guidance) sources_[name] = make<GuidanceSource>(choice, recipe.shape);

  std::set<std::string> open;
  const std::function<void(const std::string&)> visit = [&](const std::string& name) {
    if (!open.insert(name).second) {
      throw config::ConfigError(config::Diagnostic{fmt::format("guidance.{} feeds itself", name),
                                                   recipe.guidance.at(name).origin,
                                                   "a guidance source stands on another one that stands on it", ""});
    }
    for (const std::string& input : sources_.at(name)->inputs()) visit(input);
    open.erase(name);
  };
  for (const auto& [name, source] : sources_) visit(name);
}

std::vector<std::string> GuidanceGraph::stored() const {
  std::vector<std::string> names;
  for (const auto& [name, source] : sources_) {
    if (source->stage() == GuidanceSource::Stage::image) names.push_back(name);
  }
  return names;
}

Needs GuidanceGraph::needs(const std::string& name) const {
  Needs needs = sources_.at(name)->needs();
  for (const std::string& input : sources_.at(name)->inputs()) merge(needs, this->needs(input));
  return needs;
}

at::Tensor GuidanceGraph::evaluate(const std::string& name, StepContext& step) const {
  GuidanceSource& source = *sources_.at(name);
  if (source.stage() == GuidanceSource::Stage::image) return step.batch().at(map_name(name));
  std::vector<at::Tensor> inputs;
  for (const std::string& input : source.inputs()) inputs.push_back(evaluate(input, step));
  return source.map(step, inputs);
}

void merge(Needs& needs, const Needs& more) {
  needs.guidance = needs.guidance || more.guidance;
  needs.teacher = needs.teacher || more.teacher;
  needs.frozen.insert(needs.frozen.end(), more.frozen.begin(), more.frozen.end());
  needs.outputs.insert(needs.outputs.end(), more.outputs.begin(), more.outputs.end());
}

}  // namespace vaso::train
