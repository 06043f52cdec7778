#include "config/syntax_fault.hpp"

#include "config/path.hpp"
#include "config/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace vaso::config {
namespace {

enum class Caret { stays, to_word, to_key };

// The commonest slips. The parser's words are matched by their beginnings of phrases that are the same in all of toml++
// 3; where none matches, its own description stands alone.
struct Slip {
  std::string_view says;
  Caret caret;
  std::string_view hint;
};
constexpr Slip slips[] = {
    {"cannot redefine", Caret::to_key, "a key stands once in its table, and a table once in its file"},
    {"is not representable in 64 bits", Caret::to_word,
     "integers lie between -9223372036854775808 and 9223372036854775807"},
    {"could not be interpreted as a value", Caret::to_word, "numbers lie between -1.8e308 and 1.8e308"},
    {"leading zeroes are prohibited", Caret::to_word, "a number does not begin with 0, or write it as text in quotes"},
    {"expected decimal digit", Caret::to_word, "a number has digits on both sides of its point: 0.5, 5.0"},
    {"control characters", Caret::stays, "a text ends on its line with the quote it began with"},
    {"expected a comment or whitespace, saw ','", Caret::stays,
     "numbers have a point, not a comma; lists stand in [ ]"},
    {"expected a comment or whitespace", Caret::stays, "one value per line; text stands in quotes, lists in [ ]"},
    {"expected value, saw", Caret::stays, "write the value behind `=`; text without content is \"\""},
    {"expected '=', saw", Caret::stays,
     "a line is `key = value`; keys beyond letters, digits, _ and - stand in quotes"},
    {"unknown escape sequence", Caret::stays, "a backslash is written \\\\, or the text in single quotes: 'C:\\data'"},
    {"expected comma or closing ']'", Caret::stays, "a list ends with ]"},
    {"parsing inline table", Caret::stays, "a table in { } stands on one line, its entries separated by commas"},
    {"invalid utf-8", Caret::stays, "save the file as UTF-8"},
};
// Words where a value should stand: unquoted text, or True for true.
constexpr std::string_view word_signs[] = {"could not determine value type",
                                           "parsing boolean",
                                           "expected 'inf'",
                                           "expected 'nan'",
                                           "parsing floating-point: expected 'i",
                                           "parsing floating-point: expected 'n"};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

bool in_word(char c) { return std::string_view(" \t=,[]{}\"'#").find(c) == std::string_view::npos; }

// The column at which the word at (or right before) the caret begins.
int word_column(const Origin& where) {
  std::size_t at = byte_of_column(where.text, where.column);
  while (at > 0 && in_word(where.text[at - 1])) --at;
  return column_of_byte(where.text, at);
}

std::string word_at(const Origin& where) {
  const std::size_t first = byte_of_column(where.text, where.column);
  std::size_t last = first;
  while (last < where.text.size() && in_word(where.text[last])) ++last;
  return where.text.substr(first, last - first);
}

// The column of the key in quotes in the description ("cannot redefine existing integer 'ratio'").
int key_column(std::string_view description, const Origin& where) {
  const std::size_t open = description.find('\'');
  const std::size_t close = description.find('\'', open + 1);
  if (open == std::string_view::npos || close == std::string_view::npos) return where.column;
  const std::string_view before = std::string_view(where.text).substr(0, byte_of_column(where.text, where.column));
  const std::size_t at = before.rfind(description.substr(open + 1, close - open - 1));
  return at == std::string_view::npos ? where.column : column_of_byte(where.text, at);
}

std::string word_hint(std::string word) {
  const std::string lower = [&] {
    std::string out = word;
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
    return out;
  }();
  if (lower == "true" || lower == "false") return fmt::format("write `{}`, in small letters", lower);
  if (lower == "yes" || lower == "on") return "write `true`";
  if (lower == "no" || lower == "off") return "write `false`";
  return fmt::format("text stands in quotes: {}", in_quotes(word));
}

}  // namespace

Diagnostic syntax_fault(std::string_view description, Origin where) {
  constexpr std::string_view preamble = "Error while parsing ";
  std::string what = "this is not TOML";
  std::string why(description);
  if (const std::size_t colon = description.find(": ");
      description.starts_with(preamble) && colon < description.size()) {
    what = fmt::format("syntax error in {}", description.substr(preamble.size(), colon - preamble.size()));
    why = description.substr(colon + 2);
  }
  why = replaced(replaced(why, "saw '\\n'", "saw the end of the line"), "saw '\\r'", "saw the end of the line");

  const auto says = [&](std::string_view words) { return description.find(words) != std::string_view::npos; };
  if (std::any_of(std::begin(word_signs), std::end(word_signs), says)) {
    where.column = word_column(where);
    const std::string word = word_at(where);
    return {what, where, fmt::format("`{}` is no value", word), word.empty() ? "" : word_hint(word)};
  }
  const auto slip = std::find_if(std::begin(slips), std::end(slips), [&](const Slip& s) { return says(s.says); });
  if (slip == std::end(slips)) return {what, where, why, ""};
  if (slip->caret == Caret::to_word) where.column = word_column(where);
  if (slip->caret == Caret::to_key) where.column = key_column(description, where);
  return {what, where, why, std::string(slip->hint)};
}

}  // namespace vaso::config
