// New plugins from templates: tools/plugin_template/KIND, whole plugins named my_method.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::cli {

// The kinds of component that there are templates for.
const std::vector<std::string>& component_kinds();

// Why NAME cannot name a component; "" where it can. A name is written in TOML, files and C++.
std::string fault_of_name(const std::string& name);

// "centre_line" → "CentreLine".
std::string class_name(const std::string& name);

// A template's text with NAME for my_method and its class name for MyMethod.
std::string fill_in(std::string text, const std::string& name);

// Writes the template for KIND, filled in, into FOLDER, which must not exist. Returns the files, sorted. Throws
// UsageError where the class would be called like something else in the source, std::runtime_error where nothing can be
// written.
std::vector<std::filesystem::path> write_plugin(const std::string& kind, const std::string& name,
                                                const std::filesystem::path& folder);

}  // namespace vaso::cli
