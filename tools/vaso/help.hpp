// What `vaso` says of itself as a whole.
#pragma once

#include "command_line.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace vaso::cli {

// The verbs, a line for each: all of them, or those of a group ("study").
std::string overview(std::string_view group);

// For words that name no verb, with near names.
UsageError no_such_verb(const Arguments& words);

// A manual page or a script of completions as a file; its folder is made. Throws std::runtime_error.
void write_document(const std::filesystem::path& file, const std::string& text);

}  // namespace vaso::cli
