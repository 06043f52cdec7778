// What comes with the program, found from where the program stands: the folder may be moved.
#pragma once

#include <filesystem>
#include <string>

namespace vaso::cli {

// The folder that holds bin/, lib/, share/: an installation's prefix, or a build tree.
std::filesystem::path installation();

// A file or folder of share/vasolab: "experiments", "plugin_template".
std::filesystem::path shared_file(const std::filesystem::path& name);

// The experiment file that a user typed. "experiments/…", where it is not there, is looked for among those that come
// with the program, so that what the pages say can be typed anywhere.
std::string experiment_file(const std::string& word);

}  // namespace vaso::cli
