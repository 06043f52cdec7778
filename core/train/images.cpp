#include "train/images.hpp"

#include "cuda/vessel_filter.hpp"
#include "data/subset.hpp"
#include "runs/store.hpp"
#include "train/device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace vaso::train {
namespace {

// Equal for packs that hold the same planes: data set, and for every stored map the plugin that makes it and its
// parameters.
std::string pack_fingerprint(const Recipe& recipe, const Images& images, const GuidanceGraph& guidance) {
  std::string text = images.fingerprint;
  for (const std::string& name : guidance.stored()) {
    const Choice& choice = recipe.guidance.at(name);
    text += fmt::format("\n{} {} {}", choice.name(), choice.component->plugin->sha256(), choice.parameter_text());
  }
  return runs::sha256(text);
}

}  // namespace

namespace {

// Only the records of the splits that [data] names.
std::shared_ptr<Dataset> restricted(const Recipe& recipe, std::shared_ptr<Dataset> whole) {
  const std::vector<std::string>& splits = recipe.settings.data.splits;
  if (splits.empty()) return whole;
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < whole->size(); ++i) {
    if (std::find(splits.begin(), splits.end(), whole->id(i).split) != splits.end()) kept.push_back(i);
  }
  return std::make_shared<data::Subset>(std::move(whole), std::move(kept));
}

}  // namespace

Images open_images(const Recipe& recipe) {
  Images images;
  images.dataset = restricted(recipe, make<Dataset>(recipe.dataset, recipe.shape));
  images.count = images.dataset->size();
  if (recipe.settings.data.limit > 0) images.count = std::min(images.count, recipe.settings.data.limit);
  if (images.count == 0) {
    throw config::ConfigError(config::Diagnostic{fmt::format("{} found no image", recipe.dataset.name()),
                                                 recipe.dataset.origin, "an experiment needs at least one",
                                                 "`vaso data info FILE` says what was found"});
  }
  images.fingerprint = data::fingerprint(*images.dataset, recipe.settings.data.limit,
                                         recipe.dataset.name() + " " + recipe.dataset.parameter_text());
  return images;
}

void make_pack(const std::filesystem::path& file, const Recipe& recipe, const Images& images,
               const GuidanceGraph& guidance, Reporter& reporter) {
  cuda::filter_on_gpu(choose_device(recipe.settings.general.device).is_cuda());
  const std::function<bool()> cancelled = [&] { return reporter.stop_requested(); };
  data::PackRequest request;
  request.dataset = images.dataset.get();
  request.limit = recipe.settings.data.limit;
  request.fingerprint = pack_fingerprint(recipe, images, guidance);
  request.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  request.cancelled = &cancelled;
  request.progress = [&](std::int64_t done, std::int64_t total) { reporter.progress(done, total, "images"); };
  for (const std::string& name : guidance.stored()) {
    request.extra.push_back({GuidanceGraph::map_name(name),
                             [&guidance, name](const Record& record) { return guidance.source(name).map(record); }});
  }
  reporter.stage(fmt::format("packing {} images with {} guidance map{} each", images.count, request.extra.size(),
                             request.extra.size() == 1 ? "" : "s"));
  data::write_pack(file, request);
  if (reporter.stop_requested()) throw Interrupted("stopped while packing images; nothing was lost");
}

data::Pack open_pack(const Recipe& recipe, const Images& images, const GuidanceGraph& guidance,
                     const std::filesystem::path& cache, Reporter& reporter) {
  const std::string wanted = pack_fingerprint(recipe, images, guidance);
  const std::filesystem::path file = cache / (wanted.substr(0, 24) + ".pack");
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(cache);
    make_pack(file, recipe, images, guidance, reporter);
  }
  return data::Pack(file);
}

}  // namespace vaso::train
