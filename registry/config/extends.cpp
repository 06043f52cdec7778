// Files that extend others.
#include "config/files.hpp"
#include "config/tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace vaso::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extends_key = "extends";

// Writes `over` onto `base`, key by key through tables of both; everything else, lists included, is replaced whole.
void merge(Node& base, Node over) {
  for (Entry& entry : over.table()) {
    const auto same = std::find_if(base.table().begin(), base.table().end(),
                                   [&](const Entry& other) { return other.key == entry.key; });
    if (same == base.table().end()) {
      base.table().push_back(std::move(entry));
    } else if (same->node.is_table() && entry.node.is_table()) {
      merge(same->node, std::move(entry.node));
    } else {
      *same = std::move(entry);
    }
  }
  base.origin = over.origin;
}

class Loader {
 public:
  // `mention`: the value that names the file; of no place for the first one.
  Node read(const fs::path& file, const Origin& mention) {
    const std::string key = fs::weakly_canonical(file).string();
    const auto open = std::find_if(chain_.begin(), chain_.end(), [&](const Link& link) { return link.key == key; });
    if (open != chain_.end()) {
      refuse_cycle(open - chain_.begin(), file, mention);
      return {};
    }
    // A base shared by many files is read once, so that no diamond of files takes long.
    if (const auto known = done_.find(key); known != done_.end()) return known->second;
    chain_.push_back({key, file.string()});
    Node tree = read_whole(file, mention);
    chain_.pop_back();
    return done_.emplace(key, std::move(tree)).first->second;
  }

  std::vector<Diagnostic> faults;

 private:
  struct Link {
    std::string key, shown;
  };

  Node read_whole(const fs::path& file, const Origin& mention) {
    std::string why;
    const std::optional<std::string> text = read_text(file, why);
    std::error_code ignored;
    if (!text) {
      const bool missing = !fs::exists(file, ignored);
      faults.push_back(
          {fmt::format("cannot read {}", file.string()), mention, why, missing ? hint_for_missing(file) : ""});
      return {};
    }
    Node own;
    try {
      own = parse(*text, file.string());
    } catch (const ConfigError& error) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
      return {};
    }
    Node tree;
    for (const Node& base : taken_extends(own)) {
      merge(tree, read((file.parent_path() / std::get<std::string>(base.value)).lexically_normal(), base.origin));
    }
    merge(tree, std::move(own));
    return tree;
  }

  // Takes the key `extends` out of the file's own table; its values that are texts.
  Node::Array taken_extends(Node& own) {
    Node::Table& table = own.table();
    const auto entry =
        std::find_if(table.begin(), table.end(), [](const Entry& candidate) { return candidate.key == extends_key; });
    if (entry == table.end()) return {};
    const Node value = std::move(entry->node);
    table.erase(entry);
    Node::Array files = value.is_array() ? value.array() : Node::Array{value};
    std::erase_if(files, [&](const Node& file) {
      const std::string* text = std::get_if<std::string>(&file.value);
      if (text != nullptr && !text->empty()) return false;
      faults.push_back({"`extends` must be a file or a list of files", file.origin,
                        text != nullptr ? "an empty text names no file" : fmt::format("found {}", to_text(file)),
                        "for example `extends = \"base.toml\"`"});
      return true;
    });
    return files;
  }

  void refuse_cycle(std::ptrdiff_t first, const fs::path& again, const Origin& mention) {
    std::vector<std::string> shown;
    for (auto link = chain_.begin() + first; link != chain_.end(); ++link) shown.push_back(link->shown);
    shown.push_back(again.string());
    faults.push_back({"files extend each other in a circle", mention, fmt::format("{}", fmt::join(shown, " -> ")),
                      "take one `extends` out of the circle"});
  }

  std::vector<Link> chain_;
  std::map<std::string, Node> done_;
};

}  // namespace

Node load(const fs::path& file, const std::vector<std::string>& overrides) {
  Loader loader;
  Node root = loader.read(file, {});
  std::vector<Diagnostic> faults = std::move(loader.faults);
  for (const std::string& assignment : overrides) {
    try {
      apply_override(root, assignment);
    } catch (const ConfigError& error) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  }
  if (!faults.empty()) throw ConfigError(std::move(faults));
  return root;
}

}  // namespace vaso::config
