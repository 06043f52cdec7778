// From a tree to a parameter struct through its Schema: types, ranges, choices, lengths, paths, unknown keys.
#pragma once

#include "config/tree.hpp"

#include "sdk/schema.hpp"

#include <set>

namespace vaso::config {

// Writes the values of `table` into the fields of `schema` (an integer is accepted where a number is wanted; a number
// where text is wanted is not). Appends a Diagnostic for every wrong type, range, choice, length, missing path; a field
// whose value is at fault keeps its default. All names of the schema are added to `used`. `owner` is named in messages
// ("masking.anatomy"; "" = the top level).
// path() fields must exist or be ""; they become absolute. Relative ones are taken from the folder of the file that set
// them, or, where no file did (--set), from the current folder.
// Call it as config::bind: without the namespace, std::bind is found through std::set, fits better, and does nothing.
void bind(const Node& table, const Schema& schema, const std::string& owner, std::set<std::string>& used,
          std::vector<Diagnostic>& faults);

// A Diagnostic per key of `table` that is neither in `used` nor in `allowed`, with near names.
void refuse_unknown(const Node& table, const std::string& owner, const std::set<std::string>& used,
                    const std::vector<std::string>& allowed, std::vector<Diagnostic>& faults);

// Current values of the fields as nodes (origin "default"): for `plugins info`, `config show` and the database.
Node values(const Schema& schema);

// [{"name","type","meaning","unit","default","least","most","choices","length","path"}…] as JSON text, for `vaso
// plugins info`. type: boolean, integer, number, text, list of integers, list of numbers, list of texts. least and most
// are null where there is no limit, length where it is free.
std::string schema_to_json(const Schema& schema);

}  // namespace vaso::config
