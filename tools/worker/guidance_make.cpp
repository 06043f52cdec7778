// Writes the guidance maps of a data set as PNG files, named and placed as the images are.
#include "verbs.hpp"

#include "experiment_file.hpp"

#include "exit_codes.hpp"
#include "train/device.hpp"
#include "train/guidance_maps.hpp"
#include "train/reporter.hpp"
#include "vision/image_io.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>

namespace vaso::worker {

int guidance_make(const Options& options, const EventSink& events) {
  if (options.source.empty() || options.out.empty())
    throw std::invalid_argument("guidance-make wants --source and --out");
  const config::Node cell = first_cell(options);
  PluginHost host = open_plugins(options, cell);
  const train::Recipe recipe = data_recipe(cell, host, options.source);
  train::set_threads(recipe.settings.general.threads);
  const train::Images images = train::open_images(recipe);
  const train::GuidanceGraph guidance(recipe);
  train::GuidanceMaps maps(recipe, guidance, options.source, options.weights.string());

  events.stage(fmt::format("making {} maps of guidance.{}", images.count, options.source));
  for (std::int64_t i = 0; i < images.count; ++i) {
    if (stop_requested()) throw train::Interrupted(fmt::format("stopped; {} of {} maps are written", i, images.count));
    const Record record = images.dataset->record(i);
    const at::Tensor map = maps.of(record).contiguous();
    vision::GreyImage image(map.size(0), map.size(1));
    std::memcpy(image.pixels.data(), map.data_ptr<std::uint8_t>(), image.pixels.size());
    const std::filesystem::path file = (options.out / record.id.source / record.id.name).replace_extension(".png");
    std::filesystem::create_directories(file.parent_path());
    vision::write_png(file, image);
    events.progress(i + 1, images.count, "maps");
  }
  events.result(nlohmann::json{{"text", fmt::format("{} maps in {}", images.count, options.out.string())},
                               {"faults", 0},
                               {"file", options.out.string()}}
                    .dump());
  return exit_ok;
}

}  // namespace vaso::worker
