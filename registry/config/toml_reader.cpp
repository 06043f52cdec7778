// The only file that knows toml++: from text to a tree whose values remember their places.
#include "config/nesting.hpp"
#include "config/path.hpp"
#include "config/syntax_fault.hpp"
#include "config/tree.hpp"
#include "config/utf8.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace vaso::config {
namespace {

// Every value keeps a copy of its line; a longer line would be no help in a message, and a million values on one line
// of a million characters would fill the memory.
constexpr std::size_t longest_line_shown = 300;

class Source {
 public:
  Source(std::string_view text, std::string name) : name_(std::move(name)) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // toml++ does not count the byte order mark either
    text_ = text;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = text.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines_.push_back(line);
      at = end + 1;
    }
  }

  std::string_view text() const { return text_; }

  Origin at(const toml::source_position& position) const {
    return at(static_cast<int>(position.line), static_cast<int>(position.column));
  }

  Origin at_byte(std::size_t byte) const {
    const auto begin = text_.begin();
    const auto line = std::count(begin, begin + static_cast<std::ptrdiff_t>(byte), '\n');
    const std::string_view whole = lines_[static_cast<std::size_t>(line)];
    return at(static_cast<int>(line) + 1,
              column_of_byte(whole, byte - static_cast<std::size_t>(whole.data() - text_.data())));
  }

 private:
  Origin at(int line, int column) const {
    Origin origin{name_, line, column, ""};
    if (line > 0 && static_cast<std::size_t>(line) <= lines_.size()) {
      const std::string_view text = lines_[static_cast<std::size_t>(line) - 1];
      if (text.size() <= longest_line_shown) origin.text = text;
    }
    return origin;
  }

  std::string name_;
  std::string_view text_;
  std::vector<std::string_view> lines_;
};

Diagnostic depth_fault(Origin where) {
  return {fmt::format("more than {} levels of tables and lists", deepest), std::move(where),
          "no configuration is so deep; the file may be damaged", ""};
}

class Converter {
 public:
  explicit Converter(const Source& source) : source_(source) {}

  // toml++ keeps tables sorted by key; the order of the file comes back through the places of the keys.
  Node::Table table(const toml::table& from, std::size_t depth) {
    Node::Table out;
    for (const auto& [key, value] : from) {
      out.push_back({std::string(key.str()), source_.at(key.source().begin), node(value, depth + 1)});
    }
    std::stable_sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.key_origin.line, a.key_origin.column) < std::pair(b.key_origin.line, b.key_origin.column);
    });
    return out;
  }

  std::vector<Diagnostic> faults;

 private:
  Node node(const toml::node& from, std::size_t depth) {
    Origin origin = source_.at(from.source().begin);
    if (depth > deepest) {
      if (faults.empty()) faults.push_back(depth_fault(origin));
      return {false, origin};
    }
    switch (from.type()) {
      case toml::node_type::table:
        return {table(*from.as_table(), depth), origin};
      case toml::node_type::array: {
        Node::Array list;
        for (const toml::node& element : *from.as_array()) list.push_back(node(element, depth + 1));
        return {std::move(list), origin};
      }
      case toml::node_type::string:
        return {from.as_string()->get(), origin};
      case toml::node_type::integer:
        return {std::int64_t{from.as_integer()->get()}, origin};
      case toml::node_type::floating_point:
        return {from.as_floating_point()->get(), origin};
      case toml::node_type::boolean:
        return {from.as_boolean()->get(), origin};
      default:
        faults.push_back(
            {"a date or time is no value here", origin, "no parameter is a date", "text stands in quotes"});
        return {false, origin};
    }
  }

  const Source& source_;
};

}  // namespace

Node parse(std::string_view text, const std::string& name) {
  const Source source(text, name);
  if (const auto byte = too_deep(source.text())) throw ConfigError(depth_fault(source.at_byte(*byte)));
  try {
    const toml::table read = toml::parse(source.text(), std::string_view(name));
    Converter converter(source);
    Node root(converter.table(read, 0), Origin{name, 0, 0, ""});
    if (!converter.faults.empty()) throw ConfigError(converter.faults);
    return root;
  } catch (const toml::parse_error& error) {
    throw ConfigError(syntax_fault(error.description(), source.at(error.source().begin)));
  }
}

}  // namespace vaso::config
