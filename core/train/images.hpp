// The images of a run: the data set, its fingerprint, and the pack that training reads.
#pragma once

#include "data/pack.hpp"
#include "train/guidance_graph.hpp"
#include "train/reporter.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace vaso::train {

struct Images {
  std::shared_ptr<Dataset> dataset;
  std::string fingerprint;  // of the data set alone: files, their sizes and times, the reader's parameters
  std::int64_t count = 0;   // after `data.limit`
};

// Opens the data set. Throws config::ConfigError where it refuses (an empty folder, a path that is none).
Images open_images(const Recipe& recipe);

// The pack with the maps of all stored guidance sources, from `cache` if one for the same data, sources and parameters
// is there.
data::Pack open_pack(const Recipe& recipe, const Images& images, const GuidanceGraph& guidance,
                     const std::filesystem::path& cache, Reporter& reporter);

// Writes that pack to a file of the caller's choice.
void make_pack(const std::filesystem::path& file, const Recipe& recipe, const Images& images,
               const GuidanceGraph& guidance, Reporter& reporter);

}  // namespace vaso::train
