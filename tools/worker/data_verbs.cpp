// What a data set holds, how it looks, and the pack that training reads.
#include "verbs.hpp"

#include "experiment_file.hpp"
#include "plain_reporter.hpp"

#include "data/inspect.hpp"
#include "exit_codes.hpp"
#include "train/device.hpp"
#include "train/images.hpp"
#include "vision/image_io.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace vaso::worker {
namespace {

int threads() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

// Unlike a run, looks at what is sound of a data set that has faults.
data::Inspection look(const Options& options, const EventSink& events) {
  const config::Node cell = first_cell(options);
  PluginHost host = open_plugins(options, cell);
  const train::Recipe recipe = data_recipe(cell, host, "");
  const auto dataset = train::make<Dataset>(recipe.dataset, recipe.shape);
  events.stage(fmt::format("looking at {} image{}", dataset->size(), dataset->size() == 1 ? "" : "s"));
  return data::inspect(*dataset, recipe.settings.data.limit, threads(),
                       [&](std::int64_t done, std::int64_t total) { events.progress(done, total, "images"); });
}

}  // namespace

int data_info(const Options& options, const EventSink& events) {
  const data::Inspection inspection = look(options, events);
  nlohmann::json result = nlohmann::json::parse(inspection.to_json());
  result["text"] = inspection.to_text();
  result["faults"] = inspection.faults.size();
  events.result(result.dump());
  return exit_ok;
}

int data_check(const Options& options, const EventSink& events) {
  const data::Inspection inspection = look(options, events);
  for (const Fault& fault : inspection.faults) events.fault(data::to_text(fault), exit_configuration);
  const std::size_t faults = inspection.faults.size();
  nlohmann::json result = nlohmann::json::parse(inspection.to_json());
  result["text"] = fmt::format("{} {} in {} images", faults == 0 ? "no" : std::to_string(faults),
                               faults == 1 ? "fault" : "faults", inspection.records);
  result["faults"] = faults;
  events.result(result.dump());
  return faults == 0 ? exit_ok : exit_configuration;
}

int data_preview(const Options& options, const EventSink& events) {
  const config::Node cell = first_cell(options);
  PluginHost host = open_plugins(options, cell);
  const train::Recipe recipe = data_recipe(cell, host, "");
  const train::Images images = train::open_images(recipe);
  const train::GuidanceGraph guidance(recipe);
  const std::string& filter = recipe.settings.guidance.filter;
  std::vector<data::ExtraMap> maps;
  if (images.dataset->labels().empty()) {  // else the labels are what one wants to see
    maps.push_back({train::GuidanceGraph::map_name(filter),
                    [&](const Record& record) { return guidance.source(filter).map(record); }});
  }
  const std::filesystem::path file = options.out.empty() ? "preview.png" : options.out;
  events.stage(fmt::format("drawing {} of {} images", std::min(options.count, images.count), images.count));
  vision::write_png(file, data::contact_sheet(*images.dataset, std::min(options.count, images.count), maps));
  events.result(nlohmann::json{{"text", ""}, {"faults", 0}, {"file", file.string()}}.dump());
  return exit_ok;
}

int data_pack(const Options& options, const EventSink& events) {
  const config::Node cell = first_cell(options);
  PluginHost host = open_plugins(options, cell);
  const train::Recipe recipe = data_recipe(cell, host, "");
  const train::Images images = train::open_images(recipe);
  const train::GuidanceGraph guidance(recipe);
  PlainReporter reporter(events);
  std::filesystem::path file = options.out;
  if (file.empty()) {
    train::open_pack(recipe, images, guidance, options.home / "cache", reporter);
    file = options.home / "cache";
  } else {
    train::make_pack(file, recipe, images, guidance, reporter);
  }
  events.result(nlohmann::json{
      {"text", fmt::format("{} images are packed", images.count)}, {"faults", 0}, {"file", file.string()}}
                    .dump());
  return exit_ok;
}

}  // namespace vaso::worker
