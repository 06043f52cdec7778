// What data and guidance verbs work on: an experiment file, or simply a folder of images.
#pragma once

#include "options.hpp"
#include "verbs.hpp"

#include "train/recipe.hpp"

namespace vaso::worker {

// The first cell of the experiment that options.arguments[0] names; for a folder, an experiment whose data set is
// dataset.images with that root. Throws ConfigError, std::invalid_argument.
config::Node first_cell(const Options& options);

// The parts of a recipe that have to do with data: data set, filter, and `source` where it is not "". Throws
// ConfigError.
train::Recipe data_recipe(const config::Node& cell, PluginHost& host, const std::string& source);

}  // namespace vaso::worker
