// What a person may have meant: misspellings by edit distance, and abbreviations of longer names.
#include "config/diagnostics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace vaso::config {
namespace {

constexpr std::size_t most_suggestions = 3;
constexpr std::size_t short_list = 12;  // so many names are still quicker to read than to guess

// Case and the choice between "-" and "_" are the commonest slips: they cost nothing.
std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Insertions, deletions, substitutions and swaps of neighbours (Damerau 1964; the restricted form, in which no part is
// edited twice).
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

// "warmup" for "warmup_epochs", "lr" for "base_lr": a whole word of the name, or its beginning.
bool abbreviates(const std::string& name, const std::string& candidate) {
  if (name.size() >= 3 && candidate.starts_with(name)) return true;
  for (std::size_t at = candidate.find(name); !name.empty() && at != std::string::npos;
       at = candidate.find(name, at + 1)) {
    const auto boundary = [&](std::size_t i) {
      return i >= candidate.size() || candidate[i] == '_' || candidate[i] == '.';
    };
    if ((at == 0 || boundary(at - 1)) && boundary(at + name.size())) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string wanted = folded(name);
  const std::size_t cut_off = wanted.size() < 2 ? 0 : std::clamp<std::size_t>(wanted.size() / 3, 1, 3);
  std::vector<std::pair<std::size_t, std::string>> found;  // cost, name
  for (const std::string& candidate : candidates) {
    const std::string other = folded(candidate);
    const std::size_t apart = std::max(wanted.size(), other.size()) - std::min(wanted.size(), other.size());
    // The lengths alone decide most pairs, so that a name of a megabyte costs nothing either.
    const std::size_t cost = apart <= cut_off ? edits(wanted, other) : cut_off + 1;
    if (cost <= cut_off) {
      found.emplace_back(cost, candidate);
    } else if (abbreviates(wanted, other)) {
      found.emplace_back(cut_off + 1 + apart, candidate);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [cost, candidate] : found) {
    if (names.size() == most_suggestions) break;
    if (std::find(names.begin(), names.end(), candidate) == names.end()) names.push_back(candidate);
  }
  return names;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string> near = near_names(name, candidates);
  if (!near.empty()) {
    std::string text = fmt::format("did you mean `{}`", near.front());
    for (std::size_t i = 1; i < near.size(); ++i) {
      text += fmt::format("{}`{}`", i + 1 == near.size() ? " or " : ", ", near[i]);
    }
    return text + "?";
  }
  if (candidates.empty() || candidates.size() > short_list) return "";
  return fmt::format("known: {}", fmt::join(candidates, ", "));
}

}  // namespace vaso::config
