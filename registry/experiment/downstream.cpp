#include "experiment/downstream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::experiment {
namespace {

using config::ConfigError;
using config::Entry;
using config::Node;

const Node* tasks_of(const Node& cell) {
  const Node* tasks = cell.find("downstream");
  if (tasks != nullptr && !tasks->is_table()) {
    throw ConfigError({"`downstream` must be a table of tasks", tasks->origin,
                       fmt::format("found {}", tasks->type_name()),
                       "begin a task with a line like [downstream.vessels]"});
  }
  return tasks;
}

// `mine` over `theirs`: tables are merged, anything else replaced.
Node merged(const Node& theirs, const Node& mine) {
  if (!theirs.is_table() || !mine.is_table()) return mine;
  Node result = theirs;
  result.origin = mine.origin;
  for (const Entry& entry : mine.table()) {
    const auto same = std::find_if(result.table().begin(), result.table().end(),
                                   [&](const Entry& other) { return other.key == entry.key; });
    if (same == result.table().end()) {
      result.table().push_back(entry);
    } else {
      same->node = merged(same->node, entry.node);
      same->key_origin = entry.key_origin;
    }
  }
  return result;
}

const Node& task_named(const Node& cell, const std::string& name, const config::Origin& origin) {
  const std::vector<std::string> known = downstream_tasks(cell);
  const auto found = std::find(known.begin(), known.end(), name);
  if (found == known.end()) {
    throw ConfigError({fmt::format("there is no [downstream.{}]", name), origin, "", config::suggestion(name, known)});
  }
  return tasks_of(cell)->table()[static_cast<std::size_t>(found - known.begin())].node;
}

Node resolved(const Node& cell, const std::string& name, const config::Origin& origin, std::vector<std::string> path) {
  const Node& own = task_named(cell, name, origin);
  const Node* like = own.find("like");
  if (like == nullptr) return own;
  const auto* other = std::get_if<std::string>(&like->value);
  if (other == nullptr) {
    throw ConfigError({"`like` must name another task", like->origin, fmt::format("found {}", like->type_name()), ""});
  }
  path.push_back(name);
  if (std::find(path.begin(), path.end(), *other) != path.end()) {
    throw ConfigError({fmt::format("[downstream.{}] is like itself", *other), like->origin,
                       "tasks that are like each other set nothing in the end", "let one of them stand alone"});
  }
  Node result = merged(resolved(cell, *other, like->origin, path), own);
  std::erase_if(result.table(), [](const Entry& entry) { return entry.key == "like"; });
  return result;
}

}  // namespace

std::vector<std::string> downstream_tasks(const Node& cell) {
  std::vector<std::string> names;
  const Node* tasks = tasks_of(cell);
  if (tasks == nullptr) return names;
  for (const Entry& entry : tasks->table()) {
    if (!entry.node.is_table()) {
      throw ConfigError(
          {fmt::format("`downstream.{}` is no task", entry.key), entry.node.origin,
           fmt::format("each key of [downstream] is a table of settings; found {}", entry.node.type_name()),
           fmt::format("write it below a line like [downstream.vessels]")});
    }
    names.push_back(entry.key);
  }
  return names;
}

void resolve_tasks(Node& cell) {
  const std::vector<std::string> names = downstream_tasks(cell);
  if (names.empty()) return;
  Node tasks(Node::Table{}, cell.find("downstream")->origin);
  for (const std::string& name : names) {
    const Entry& entry = *std::find_if(cell.find("downstream")->table().begin(), cell.find("downstream")->table().end(),
                                       [&](const Entry& candidate) { return candidate.key == name; });
    tasks.table().push_back({name, entry.key_origin, resolved(cell, name, cell.origin, {})});
  }
  cell.set("downstream", std::move(tasks));
}

Node with_task(const Node& cell, const std::string& task) {
  Node result = cell;
  Node only(Node::Table{}, cell.find("downstream") != nullptr ? cell.find("downstream")->origin : cell.origin);
  only.table().push_back({task, only.origin, resolved(cell, task, cell.origin, {})});
  result.set("downstream", only);
  return result;
}

}  // namespace vaso::experiment
