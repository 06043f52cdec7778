#include "config/binding.hpp"

#include "config/files.hpp"
#include "config/path.hpp"
#include "config/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

namespace vaso::config {
namespace {

namespace fs = std::filesystem;

// How the type of a parameter is called in messages, and what a value of it looks like where its default shows nothing.
template <class T>
struct Words;
template <>
struct Words<bool> {
  static constexpr const char *one = "true or false", *example = "true";
};
template <>
struct Words<std::int64_t> {
  static constexpr const char *one = "an integer", *many = "a list of integers", *example = "1";
};
template <>
struct Words<double> {
  static constexpr const char *one = "a number", *many = "a list of numbers", *example = "0.5";
};
template <>
struct Words<std::string> {
  static constexpr const char *one = "a text", *many = "a list of texts", *example = "\"text\"";
};

std::string as_shown(double number) { return to_json(Node(number, {})); }

// "the text "0.5"", "the number 1.5", "a table": long values are cut.
std::string found(const Node& node) {
  constexpr int longest = 60;
  if (node.is_table()) return "a table";
  if (std::holds_alternative<bool>(node.value)) return to_text(node);
  std::string text = to_text(node);
  if (const std::size_t end = byte_of_column(text, longest); end < text.size()) text = text.substr(0, end) + "…";
  return fmt::format("the {} {}", node.type_name(), text);
}

std::string limits(const Field& field) {
  if (std::isinf(field.most)) return fmt::format("at least {}", as_shown(field.least));
  if (std::isinf(field.least)) return fmt::format("at most {}", as_shown(field.most));
  return fmt::format("between {} and {}", as_shown(field.least), as_shown(field.most));
}

// The value that a text would be without its quotes.
std::optional<Node> unquoted(const Node& node) {
  const std::string* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || text->find_first_of("\"'\n#") != std::string::npos) return std::nullopt;
  try {
    Node root = parse("v = " + *text, "");
    return std::move(root.table().front().node);
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

// Reads the values of one parameter.
class FieldReader {
 public:
  FieldReader(const Field& field, const std::string& owner, std::vector<Diagnostic>& faults)
      : field_(field), owner_(owner), faults_(faults) {}

  template <class T>
  void read(const Node& node, T& slot) {
    if (auto value = scalar<T>(node, "", example(slot))) slot = std::move(*value);
  }

  template <class T>
  void read(const Node& node, std::vector<T>& slot) {
    if (!node.is_array()) {
      const bool single = converted<T>(node).has_value();
      const std::string shown = single ? fmt::format("[{}]", to_text(node)) : example(slot);
      return refuse(node, fmt::format("must be {}, not {}", Words<T>::many, found(node)), why(), assignment(shown));
    }
    const Node::Array& list = node.array();
    if (field_.length >= 0 && static_cast<std::int64_t>(list.size()) != field_.length) {
      return refuse(node, fmt::format("must have {} elements, not {}", field_.length, list.size()), why(),
                    assignment(example(slot)));
    }
    std::vector<T> values;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string element = list.size() > 1 ? fmt::format("element {} of ", i + 1) : "the element of ";
      if (auto value = scalar<T>(list[i], element, example(slot))) values.push_back(std::move(*value));
    }
    if (values.size() == list.size()) slot = std::move(values);
  }

 private:
  template <class T>
  static std::optional<T> converted(const Node& node) {
    if (const T* value = std::get_if<T>(&node.value)) return *value;
    if constexpr (std::is_same_v<T, double>) {
      if (const auto* whole = std::get_if<std::int64_t>(&node.value)) return static_cast<double>(*whole);
    }
    return std::nullopt;
  }

  template <class T>
  std::optional<T> scalar(const Node& node, const std::string& which, const std::string& example) {
    std::optional<T> value = converted<T>(node);
    if (!value) {
      refuse(node, fmt::format("must be {}, not {}", Words<T>::one, found(node)), why(), type_hint<T>(node, example),
             which);
      return std::nullopt;
    }
    if constexpr (std::is_same_v<T, std::string>) {
      if (!accept_choice(node, *value, which) || (field_.path && !accept_path(node, *value, which)))
        return std::nullopt;
    } else if constexpr (!std::is_same_v<T, bool>) {
      if (!accept_number(node, static_cast<double>(*value), which)) return std::nullopt;
    }
    return value;
  }

  template <class T>
  std::string type_hint(const Node& node, const std::string& example) const {
    if (const auto bare = unquoted(node); bare && converted<T>(*bare)) {
      return fmt::format("without quotes: {}", std::get<std::string>(node.value));
    }
    if constexpr (std::is_same_v<T, std::int64_t>) {
      const double* number = std::get_if<double>(&node.value);
      if (number != nullptr && *number == std::trunc(*number) && std::abs(*number) < 1e15) {
        return fmt::format("without a point: {}", as_shown(*number));
      }
    }
    if constexpr (std::is_same_v<T, bool>) {
      if (const auto* text = std::get_if<std::string>(&node.value);
          text != nullptr && !near_names(*text, {"true", "false"}).empty()) {
        return fmt::format("write {}, in small letters and without quotes",
                           near_names(*text, {"true", "false"}).front());
      }
    }
    return assignment(example);
  }

  bool accept_number(const Node& node, double number, const std::string& which) {
    if (!std::isfinite(number)) {
      refuse(node, fmt::format("must be a finite number, not {}", to_text(node)), why(), "", which);
      return false;
    }
    if (number >= field_.least && number <= field_.most) return true;
    const std::string unit = field_.unit.empty() ? "" : " " + field_.unit;
    refuse(node, fmt::format("must be {}{}, not {}", limits(field_), unit, to_text(node)), why(), "", which);
    return false;
  }

  bool accept_choice(const Node& node, const std::string& text, const std::string& which) {
    const auto& choices = field_.choices;
    if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end()) return true;
    const bool near = !near_names(text, choices).empty();
    refuse(node, fmt::format("cannot be {}", to_text(node)), fmt::format("it is one of: {}", fmt::join(choices, ", ")),
           near ? suggestion(text, choices) : why(), which);
    return false;
  }

  // Makes the path absolute; false where nothing is there.
  bool accept_path(const Node& node, std::string& text, const std::string& which) {
    if (text.empty()) return true;
    const bool from_file = node.origin.line > 0;
    const fs::path folder = from_file ? fs::path(node.origin.file).parent_path() : fs::path();
    std::error_code error;
    fs::path path = fs::absolute(folder / text, error).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "frames/" is "frames"
    if (text.find('\0') == std::string::npos && fs::exists(path, error)) {
      text = path.string();
      return true;
    }
    const bool home = text.starts_with("~");
    refuse(node, fmt::format("names {}, which does not exist", to_text(node)),
           fmt::format("looked for {}{}", path.string(),
                       fs::path(text).is_absolute() ? ""
                       : from_file                  ? ": relative paths begin at the file that sets them"
                                                    : ": relative paths begin at the current folder"),
           home ? "`~` is not expanded here: write the path out" : hint_for_missing(path), which);
    return false;
  }

  template <class T>
  std::string example(const T& slot) const {
    if constexpr (std::is_same_v<T, std::string>) {
      if (slot.empty()) return field_.choices.empty() ? Words<T>::example : in_quotes(field_.choices.front());
    }
    return to_text(Node(slot, {}));
  }
  template <class T>
  std::string example(const std::vector<T>& slot) const {
    std::string out;
    for (const T& value : slot) out += (out.empty() ? "" : ", ") + to_text(Node(value, {}));
    const std::string one = field_.choices.empty() ? Words<T>::example : in_quotes(field_.choices.front());
    for (std::int64_t i = 0; slot.empty() && i < std::max<std::int64_t>(field_.length, 1); ++i) {
      out += (i == 0 ? "" : ", ") + one;
    }
    return fmt::format("[{}]", out);
  }

  std::string assignment(const std::string& value) const {
    return fmt::format("for example `{} = {}`", field_.name, value);
  }

  std::string why() const {
    const std::string unit = field_.unit.empty() ? "" : fmt::format(" [{}]", field_.unit);
    return fmt::format("{}{}{}: {}", owner_, owner_.empty() ? "" : ".", field_.name, field_.meaning) + unit;
  }

  void refuse(const Node& node, const std::string& what, std::string why, std::string hint,
              const std::string& which = "") {
    faults_.push_back(
        {fmt::format("{}`{}` {}", which, field_.name, what), node.origin, std::move(why), std::move(hint)});
  }

  const Field& field_;
  const std::string& owner_;
  std::vector<Diagnostic>& faults_;
};

}  // namespace

void bind(const Node& table, const Schema& schema, const std::string& owner, std::set<std::string>& used,
          std::vector<Diagnostic>& faults) {
  for (const Field& field : schema.fields()) used.insert(field.name);
  if (!table.is_table()) {
    faults.push_back({fmt::format("`{}` must be a table, not {}", owner, found(table)), table.origin,
                      "its parameters stand in it, one per line", fmt::format("begin it with the line `[{}]`", owner)});
    return;
  }
  for (const Entry& entry : table.table()) {
    const auto field = std::find_if(schema.fields().begin(), schema.fields().end(),
                                    [&](const Field& candidate) { return candidate.name == entry.key; });
    if (field == schema.fields().end()) continue;
    FieldReader reader(*field, owner, faults);
    std::visit([&](auto* slot) { reader.read(entry.node, *slot); }, field->slot);
  }
}

void refuse_unknown(const Node& table, const std::string& owner, const std::set<std::string>& used,
                    const std::vector<std::string>& allowed, std::vector<Diagnostic>& faults) {
  if (!table.is_table()) return;  // bind() has said so
  std::set<std::string> known = used;
  known.insert(allowed.begin(), allowed.end());
  // A name that is already set here is hardly what another key was meant to be, unless nothing else is near: a level of
  // a study adds its keys to those that are there.
  std::vector<std::string> free, taken;
  for (const std::string& name : known) {
    const auto& entries = table.table();
    const bool set = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == name; });
    (set ? taken : free).push_back(name);
  }
  for (const Entry& entry : table.table()) {
    if (known.contains(entry.key)) continue;
    const bool only_taken = near_names(entry.key, free).empty() && !near_names(entry.key, taken).empty();
    faults.push_back({fmt::format("unknown key `{}`", entry.key), entry.key_origin,
                      fmt::format("{} has no such {}", owner.empty() ? "the top level" : owner,
                                  entry.node.is_table() ? "table" : "parameter"),
                      suggestion(entry.key, only_taken ? taken : free)});
  }
}

}  // namespace vaso::config
