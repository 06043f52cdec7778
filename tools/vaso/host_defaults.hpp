// The values of the host's own tables that an experiment file leaves to their defaults.
#pragma once

#include "config/tree.hpp"

#include <filesystem>

namespace vaso::cli {

// Adds what is not set, with origin "default"; the experiment's name falls back to the file's. What is recorded with a
// run is thereby complete, and a default written out makes no other run than one left out.
config::Node with_host_defaults(config::Node tree, const std::filesystem::path& file);

}  // namespace vaso::cli
