// How everything here says that a file is not what it should be.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace vaso::weights {

class WeightFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws WeightFileError with the file's name first; one place for the form of every message.
class Complaint {
 public:
  explicit Complaint(const std::filesystem::path& file) : file_(file.string()) {}
  template <class... Arguments>
  [[noreturn]] void operator()(fmt::format_string<Arguments...> text, Arguments&&... arguments) const {
    throw WeightFileError(fmt::format("{}: {}", file_, fmt::format(text, std::forward<Arguments>(arguments)...)));
  }

 private:
  std::string file_;
};

}  // namespace vaso::weights
