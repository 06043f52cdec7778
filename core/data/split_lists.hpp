// Text files that say which split a record is in.
#pragma once

#include "sdk/dataset.hpp"

#include <map>
#include <string>
#include <vector>

namespace vaso::data {

// One name a line; blank lines, and what follows a #, are skipped. What a name means (a file, a sequence, a patient) is
// the data set's affair.
class SplitLists {
 public:
  // Paths; "" = no such list. Throws DataError: unreadable, or a name in two lists.
  SplitLists(const std::string& train, const std::string& val, const std::string& test);

  bool any() const { return any_; }

  // The split of a record that goes by these names, the first that a list holds. In no list: "train" where no list of
  // training records was given (a list of test sequences is all that some data sets publish), else "" = left out.
  std::string split_of(const std::vector<std::string>& names);

  // Names that no split_of() asked for: misspelt, or of records that are not there.
  std::vector<Fault> unused() const;

 private:
  struct Line {
    std::string split, place;  // place: "FILE:LINE"
    bool used = false;
  };
  void read(const std::string& file, const std::string& split);

  std::map<std::string, Line> lines_;
  bool any_ = false, trains_ = false;
};

}  // namespace vaso::data
