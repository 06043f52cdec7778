// From a tree to a parameter struct through its Schema: types, ranges, choices, lengths, paths, unknown keys.
#pragma once

#include "config/tree.hpp"

#include "sdk/schema.hpp"

#include <set>

namespace vaso::config {

// Writes the values of `table` into the fields of `schema` (an integer is accepted where a number is wanted; a number
// where text is wanted is not). Appends a Diagnostic for every wrong type, range, choice, length, missing path. Keys
// that the schema has are added to `used`. `owner` is named in messages ("masking.anatomy").
// Relative paths of path() fields are resolved against the folder of the file that set them and must exist.
void bind(const Node& table, const Schema& schema, const std::string& owner, std::set<std::string>& used,
          std::vector<Diagnostic>& faults);

// A Diagnostic per key of `table` that is neither in `used` nor in `allowed`, with near names.
void refuse_unknown(const Node& table, const std::string& owner, const std::set<std::string>& used,
                    const std::vector<std::string>& allowed, std::vector<Diagnostic>& faults);

// Current values of the fields as nodes (origin "default"): for `plugins info`, `config show` and the database.
Node values(const Schema& schema);

// [{"name","type","meaning","unit","default","range","choices"}…] as JSON text, and back for `vaso plugins info`.
std::string schema_to_json(const Schema& schema);

}  // namespace vaso::config
