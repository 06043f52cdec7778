// Examines components, each in a process of its own.
#pragma once

#include "contract/result.hpp"

#include "config/tree.hpp"
#include "plugins/catalogue.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vaso::contract {

struct Request {
  std::string component;                              // "masking.anatomy"; one that a plugin of the catalogue provides
  std::optional<config::Node> settings;               // a table of values to use instead of its defaults
  std::chrono::seconds patience{60};                  // for one check
  std::function<bool()> stop = [] { return false; };  // asked now and then
};

// One result for each check of the component's kind, and for two that go on beside them: whether the process's global
// state is left alone, and whether the process ends cleanly. After a check that crashes, hangs or leaves, the others
// are made in a new process. Call it before threads are started; it loads no plugin into this process. Empty where
// `stop` said so.
std::vector<Result> examine(const plugins::Catalogue& catalogue, const Request& request);

}  // namespace vaso::contract
