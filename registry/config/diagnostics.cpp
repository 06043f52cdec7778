#include "config/diagnostics.hpp"

#include "config/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::config {
namespace {

constexpr std::string_view bold = "1";
constexpr std::string_view red = "1;31";
constexpr std::string_view green = "1;32";

std::string ink(std::string_view text, std::string_view style, bool colour) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : std::string(text);
}

// A configuration file is shown on a terminal as it is, except for bytes that would steer the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == '\x7f'; }, '?');
  return text;
}

// Blanks as wide as the first column-1 characters of the line: a tab stays a tab, so that the caret stands under its
// character whatever the terminal's tab width.
std::string before_caret(std::string_view line, int column) {
  std::string blanks;
  int left = column - 1;
  for (std::size_t i = 0; i < line.size() && left > 0; ++i) {
    if (continues_character(line[i])) continue;
    blanks += line[i] == '\t' ? '\t' : ' ';
    --left;
  }
  return blanks + std::string(static_cast<std::size_t>(std::max(left, 0)), ' ');
}

}  // namespace

std::string Origin::place() const { return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file; }

std::string render(const Diagnostic& diagnostic, bool colour) {
  const Origin& where = diagnostic.where;
  std::string out;
  if (const std::string place = where.place(); !place.empty()) out += ink(printable(place), bold, colour) + ": ";
  out += ink("error", red, colour) + ": " + printable(diagnostic.what) + "\n";
  if (!where.text.empty() && where.column > 0) {
    const std::string number = where.line > 0 ? std::to_string(where.line) : "";
    out += fmt::format("  {} | {}\n", number, printable(where.text));
    out += fmt::format("  {:{}} | {}{}\n", "", number.size(), before_caret(where.text, where.column),
                       ink("^", green, colour));
  }
  if (!diagnostic.why.empty()) out += fmt::format("  {}  {}\n", ink("why:", bold, colour), printable(diagnostic.why));
  if (!diagnostic.hint.empty()) out += fmt::format("  {} {}\n", ink("hint:", bold, colour), printable(diagnostic.hint));
  return out;
}

namespace {

std::string render_all(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += render(diagnostic, false);
  return out;
}

}  // namespace

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(render_all(diagnostics)), diagnostics_(std::move(diagnostics)) {}

}  // namespace vaso::config
