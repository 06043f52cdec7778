// A component's parameters, described once.
//
// A parameter struct has default member values and one function, `void describe(Schema&)`. From that one description
// come TOML parsing with positions, range checks, "did you mean", the defaults written to the run database,
// `vaso plugins info` and the checks of an experiment before its first run starts.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vaso {

// One parameter: where its value lives, and what a reader of the TOML file needs to know about it.
struct Field {
  using Slot = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*,
                            std::vector<double>*, std::vector<std::string>*>;
  Slot slot;
  std::string name;
  std::string meaning;
  std::string unit;
  double least = -std::numeric_limits<double>::infinity();  // numbers: value, or every element
  double most = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  // text: one of these; empty = any text
  std::int64_t length = -1;          // lists: exactly so many elements; -1 = any number
  bool path = false;                 // text: a file or folder that must exist when a run starts; "" = none
};

// Adds detail to the field just described: s.field(ratio, "ratio", "share of patches hidden").range(0.05, 0.95);
class FieldBuilder {
 public:
  explicit FieldBuilder(Field& field) : field_(field) {}
  FieldBuilder& range(double least, double most) {
    field_.least = least;
    field_.most = most;
    return *this;
  }
  FieldBuilder& at_least(double least) {
    field_.least = least;
    return *this;
  }
  FieldBuilder& unit(std::string unit) {
    field_.unit = std::move(unit);
    return *this;
  }
  FieldBuilder& choices(std::vector<std::string> choices) {
    field_.choices = std::move(choices);
    return *this;
  }
  FieldBuilder& length(std::int64_t length) {
    field_.length = length;
    return *this;
  }
  // The value names a file or folder. Relative paths are taken from the TOML file that sets them.
  FieldBuilder& path() {
    field_.path = true;
    return *this;
  }

 private:
  Field& field_;
};

class Schema {
 public:
  template <class T>
  FieldBuilder field(T& value, std::string name, std::string meaning) {
    fields_.push_back(Field{&value,
                            std::move(name),
                            std::move(meaning),
                            {},
                            -std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::infinity(),
                            {},
                            -1,
                            false});
    return FieldBuilder(fields_.back());
  }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Thrown by a component's constructor when parameters that are each in range do not go together. The host adds the
// line of the file that set `field`.
class ParameterError : public std::invalid_argument {
 public:
  ParameterError(std::string field, const std::string& why) : std::invalid_argument(why), field_(std::move(field)) {}
  const std::string& field() const { return field_; }

 private:
  std::string field_;
};

}  // namespace vaso
