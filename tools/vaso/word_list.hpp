// Options that take several words: "a,b" and repeated options alike.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace vaso::cli {

inline std::vector<std::string> split_words(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      if (end > at) words.push_back(list.substr(at, end - at));
      at = end + 1;
    }
  }
  return words;
}

}  // namespace vaso::cli
