// Dotted paths: masking.ratio, loss.0.weight, study.factors."masking.strategy".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::config {

// Configurations are a few levels deep. The limit keeps recursion over a tree harmless, whatever a file contains.
inline constexpr std::size_t deepest = 32;

// The keys of a path; quoted keys as in TOML ("a.b" or 'a.b'). Empty where the path is malformed: then `fault` says
// why.
std::vector<std::string> split_path(std::string_view path, std::string& fault);

// Text in double quotes with the escapes that TOML and JSON share.
std::string in_quotes(std::string_view text);

// A key as it stands in a path: bare where TOML allows it, else quoted.
std::string as_key(std::string_view key);

// The path of `key` under `path`; "" is the root.
std::string joined(const std::string& path, std::string_view key);

}  // namespace vaso::config
