// What a child process finds out about one component, told line by line so that a crash loses nothing.
#pragma once

#include <string>
#include <vector>

namespace vaso::contract {

// In the child.
class Report {
 public:
  explicit Report(int descriptor) : descriptor_(descriptor) {}
  // From here on a crash is a crash of `what`: "plan() after a sweep".
  void doing(const std::string& what) { line('A', what); }
  void check(bool holds, const std::string& rule) { line(holds ? 'C' : 'F', rule); }
  void fail(const std::string& what) { line('F', what); }
  void skip(const std::string& what) { line('S', what); }
  void done() { line('D', ""); }

 private:
  void line(char kind, std::string text);
  int descriptor_;
};

// In the parent.
struct Outcome {
  int passed = 0;
  std::vector<std::string> failures;
  std::vector<std::string> skipped;
};

}  // namespace vaso::contract
