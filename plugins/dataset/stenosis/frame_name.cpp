#include "frame_name.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace vaso::stenosis {
namespace fs = std::filesystem;
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

}  // namespace

RecordId id_of(const fs::path& image, const fs::path& root) {
  RecordId id;
  fs::path name;
  for (const fs::path& part : image.lexically_relative(root).parent_path()) {
    if (lower(part) != "images") name /= part;
  }
  id.name = (name / image.stem()).generic_string();
  id.files = {image};
  static const std::regex pattern(R"((?:^|_)(\d+_\d+)_(\d+)_(\d{1,9})$)");
  const std::string stem = image.stem();
  if (std::smatch match; std::regex_search(stem, match, pattern)) {
    id.patient = match.str(1);
    id.sequence = match.str(2);
    id.frame = std::stoll(match.str(3));
  }
  return id;
}

std::string split_in(const fs::path& relative) {
  std::string split;
  for (const fs::path& part : relative) {
    const std::string text = lower(part);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find_first_of("_-. ", begin), text.size());
      const std::string word = text.substr(begin, end - begin);
      if (word == "train" || word == "val" || word == "test") split = word;
      if (word == "valid" || word == "validation") split = "val";
      begin = end + 1;
    }
  }
  return split;
}

}  // namespace vaso::stenosis
