// What may stand where a person pressed Tab.
#pragma once

#include "command_line.hpp"

#include <string>
#include <vector>

namespace vaso::cli {

struct Completions {
  struct Candidate {
    std::string word;
    std::string meaning;  // may be ""
  };
  std::vector<Candidate> candidates;  // all begin with the word that is there
  std::vector<std::string> suffixes;  // files that end so may stand there too; "" = any file
  bool folders = false;               // or folders alone
};

// `words` are those behind `vaso`; the last one is being typed and may be empty. Throws what reading an experiment file
// or a run database throws.
Completions complete(Arguments words);

}  // namespace vaso::cli
