// What a worker is asked to do. People call `vaso`, which calls this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vaso::worker {

struct Options {
  std::string verb;
  std::vector<std::string> arguments;  // after the verb
  std::vector<std::string> set;        // --set PATH=VALUE
  std::filesystem::path home = "runs";
  std::vector<std::filesystem::path> plugins;
  int events = -1;          // descriptor for events; −1: people read them on stderr
  bool components = false;  // check: describe every component besides
  // run
  std::string phase;
  std::filesystem::path config, folder, weights;  // weights: that an earlier phase made
  std::int64_t run = 0;
  bool resume = false;
  std::int64_t threads = 0;  // what `threads = 0` in the settings means; 0 = all cores
  // data-*, guidance-make
  std::filesystem::path out;
  std::string source;
  std::int64_t count = 16;
  std::string dataset, task;
  std::string device = "auto";  // predict
  // evaluate-*
  std::string labels, format = "text";
  bool no_distances = false;
  bool colours = false;  // faults are looked at on a terminal that shows them
  // plugins-check
  std::int64_t timeout = 120;  // seconds for one check
};

// Throws std::invalid_argument.
Options parse_options(int argc, char** argv);

}  // namespace vaso::worker
