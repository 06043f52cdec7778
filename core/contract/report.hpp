// What a child process finds out about one component, told line by line so that a crash loses nothing.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace vaso::contract {

// Thrown by a check after which no other makes sense; what() says why.
class NothingMore : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One JSON object a line, on a descriptor of its own: plugins print what they like.
class Report {
 public:
  explicit Report(int descriptor) : descriptor_(descriptor) {}

  // What follows belongs to this check; `cure` is the advice that goes with its failures.
  void begin(const std::string& check, const std::string& cure);
  // From here on a failure, or a crash, is one of `where`: "plan() after a sweep".
  void doing(const std::string& where);
  void expect(bool holds, const std::string& rule, const std::string& found = {});
  void fail(const std::string& rule, const std::string& found) { expect(false, rule, found); }
  // A failure of another check than the one under way.
  void fail(const std::string& check, const std::string& rule, const std::string& found, const std::string& cure);
  void skip(const std::string& why);
  void note(const std::string& measured);
  void end();
  void nothing_more(const std::string& why);  // the checks that would follow are skipped
  void done();

 private:
  void send(const std::string& line) const;
  int descriptor_;
  std::string check_, cure_, where_, skipped_, note_;
  std::int64_t held_ = 0;
};

// what() without the addresses that a c10::Error goes on with.
std::string words_of(const std::exception& error);

}  // namespace vaso::contract
