// What data and guidance verbs work on: an experiment file, or simply a folder.
#pragma once

#include "options.hpp"
#include "verbs.hpp"

#include "train/recipe.hpp"

namespace vaso::worker {

// The first cell of the experiment that options.arguments[0] names; for a folder, an experiment whose data set is the
// component that options.dataset names, dataset.images by default, with that root. With options.task, [data] holds the
// data set of that task of [downstream]. Throws ConfigError, PluginError, std::invalid_argument.
config::Node first_cell(const Options& options);

// The parts of a recipe that have to do with data: data set, filter, and `source` where it is not "". Throws
// ConfigError.
train::Recipe data_recipe(const config::Node& cell, PluginHost& host, const std::string& source);

}  // namespace vaso::worker
