#include "plugin_template.hpp"

#include "command_line.hpp"
#include "config/files.hpp"
#include "home.hpp"
#include "installation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

constexpr const char* placeholder = "my_method";
constexpr const char* placeholder_class = "MyMethod";
constexpr std::size_t longest_name = 40;  // a card has 48 characters for KIND.NAME

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

bool has_word(const std::string& text, const std::string& word) {
  const auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !part(text[at - 1])) && (end == text.size() || !part(text[end]))) return true;
  }
  return false;
}

// Template files by name.
std::map<std::string, std::string> template_files(const std::string& kind) {
  const fs::path folder = shared_file("plugin_template") / kind;
  std::error_code failure;
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
    std::string why;
    const auto text = config::read_text(entry.path(), why);
    if (!text) throw std::runtime_error(fmt::format("the template {} cannot be read: {}", entry.path().string(), why));
    files[entry.path().filename()] = *text;
  }
  if (files.empty()) {
    throw std::runtime_error(fmt::format(
        "no template for {} in {}: this VasoLab is not installed as a whole; install it with cmake --install, or build "
        "it from its source",
        kind, folder.string()));
  }
  return files;
}

}  // namespace

const std::vector<std::string>& component_kinds() {
  static const std::vector<std::string> kinds = {"masking", "guidance", "loss", "objective", "dataset", "head"};
  return kinds;
}

std::string fault_of_name(const std::string& name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (name.empty() || !lower(name[0])) return "it must begin with a small letter";
  for (const char c : name)
    if (!lower(c) && !(c >= '0' && c <= '9') && c != '_') return fmt::format("it has `{}` in it", c);
  if (name.back() == '_' || name.find("__") != std::string::npos) return "`_` stands between words, one at a time";
  if (name.ends_with("_test")) return "files that end in _test are tests";
  if (name.size() > longest_name) return fmt::format("it is longer than {} characters", longest_name);
  return {};
}

std::string class_name(const std::string& name) {
  std::string out;
  bool first = true;
  for (const char c : name) {
    if (c != '_') out += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    first = c == '_';
  }
  return out;
}

std::string fill_in(std::string text, const std::string& name) {
  return replaced(replaced(std::move(text), placeholder_class, class_name(name)), placeholder, name);
}

std::vector<fs::path> write_plugin(const std::string& kind, const std::string& name, const fs::path& folder) {
  const std::map<std::string, std::string> files = template_files(kind);
  const std::string source = std::string(placeholder) + ".cpp";
  if (has_word(files.at(source), class_name(name))) {
    throw UsageError(fmt::format("a class {} stands in the template for {} already; choose another name than `{}`",
                                 class_name(name), kind, name));
  }
  fs::create_directories(folder);
  std::vector<fs::path> written;
  for (const auto& [file, text] : files) {
    written.push_back(folder / fill_in(file, name));
    std::ofstream stream(written.back(), std::ios::binary);
    stream << fill_in(text, name);
    stream.close();
    if (!stream)
      throw std::runtime_error(fmt::format("{} cannot be written: {}", shown(written.back()), std::strerror(errno)));
  }
  std::sort(written.begin(), written.end());
  return written;
}

}  // namespace vaso::cli
