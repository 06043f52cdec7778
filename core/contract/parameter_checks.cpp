// Parameters as they are described, and what a component makes of them.
#include "contract/checks.hpp"
#include "contract/parameters.hpp"
#include "contract/scene.hpp"

#include "config/binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

namespace vaso::contract {
namespace {

constexpr double largest_tried = 1e15;  // beyond it, neighbouring integers are one double

config::Node one_value(const std::string& key, config::Node::Value value) {
  const config::Origin origin{"contract", 0, 0, ""};
  config::Node table;
  table.table().push_back({key, origin, config::Node(std::move(value), origin)});
  return table;
}

// How many faults binding finds in the table.
std::size_t faults_of(const Subject& subject, const config::Node& table) {
  const Parameters parameters = subject.entry().parameters();
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(table, parameters.schema, subject.name, used, faults);
  config::refuse_unknown(table, subject.name, used, {}, faults);
  return faults.size();
}

void check_descriptions(const Subject& subject, Report& report) {
  std::set<std::string> seen;
  const Parameters parameters = subject.entry().parameters();
  for (const Field& field : parameters.schema.fields()) {
    const std::string name = "`" + field.name + "`";
    report.expect(is_snake_case(field.name), "a parameter's name is snake_case", name);
    report.expect(seen.insert(field.name).second, "a parameter is described once", name);
    report.expect(!field.meaning.empty(), "a parameter says what it means", name);
    report.expect(field.least <= field.most, "a range has something in it", name);
    if (const auto* const* text = std::get_if<std::string*>(&field.slot); text != nullptr && !field.choices.empty())
      report.expect(std::find(field.choices.begin(), field.choices.end(), **text) != field.choices.end(),
                    "a default is one of the choices", fmt::format("{} = \"{}\"", name, **text));
    if (const std::optional<double> value = number(field))
      report.expect(*value >= field.least && *value <= field.most, "a default is in its range",
                    fmt::format("{} = {}, which is not in {} … {}", name, *value, field.least, field.most));
  }
  report.note(fmt::format("{} parameter{}", seen.size(), seen.size() == 1 ? "" : "s"));
}

void check_refusals(const Subject& subject, Report& report) {
  report.expect(faults_of(subject, one_value("no_such_parameter", std::int64_t{1})) == 1,
                "an unknown parameter is refused", "no_such_parameter = 1 was taken");
  const Parameters described = subject.entry().parameters();
  for (const Field& field : described.schema.fields()) {
    if (!number(field)) continue;
    for (const double end : {field.least, field.most}) {
      if (!std::isfinite(end) || std::abs(end) > largest_tried) continue;
      const double beyond = end == field.least ? end - 1 : end + 1;
      const bool real = std::holds_alternative<double*>(field.slot);
      const config::Node table =
          real ? one_value(field.name, beyond) : one_value(field.name, static_cast<std::int64_t>(beyond));
      report.expect(faults_of(subject, table) == 1, "a value beyond its range is refused",
                    fmt::format("{} = {} was taken", field.name, beyond));
    }
  }
}

// Parameters that must be given: paths.
std::string how_to_give(const Subject& subject, const std::string& field) {
  return fmt::format("`{}` must be given: --set {}.{}=…", field, subject.name, field);
}

void check_defaults(const Subject& subject, Report& report) {
  try {
    subject.make<Component>(small_shape());
    report.expect(true, "defaults make a component");
  } catch (const ParameterError& refusal) {
    const Parameters described = subject.parameters();
    for (const Field& field : described.schema.fields())
      if (field.name == refusal.field() && field.path) throw NothingMore(how_to_give(subject, field.name));
    report.fail("defaults make a component", fmt::format("`{}`: {}", refusal.field(), refusal.what()));
    throw NothingMore("defaults make no component");
  } catch (const std::exception& error) {
    report.fail("defaults make a component", "threw: " + words_of(error));
    throw NothingMore("defaults make no component");
  }
}

// ParameterError is how a component says that values which are each in range do not go together.
void construct(const Subject& subject, const Parameters& parameters, const std::string& value, Report& report) {
  report.doing("making it with " + value);
  try {
    subject.make<Component>(parameters, small_shape());
    report.expect(true, "every value in range makes a component, or a ParameterError");
  } catch (const ParameterError& refusal) {
    const bool names_one = refusal.field().empty() || field_named(parameters.schema, refusal.field()) != nullptr;
    report.expect(!std::string(refusal.what()).empty(), "a ParameterError says why");
    report.expect(names_one, "a ParameterError names a parameter", "`" + refusal.field() + "`");
  } catch (const std::exception& error) {
    report.fail("every value in range makes a component, or a ParameterError",
                fmt::format("{} threw: {}", value, words_of(error)));
  }
}

void check_range_ends(const Subject& subject, Report& report) {
  const Parameters described = subject.parameters();
  int tried = 0;
  for (const Field& field : described.schema.fields()) {
    for (const std::string& choice : field.choices) {
      const Parameters parameters = subject.parameters();
      if (auto* const* slot = std::get_if<std::string*>(&field_named(parameters.schema, field.name)->slot)) {
        **slot = choice;
        construct(subject, parameters, fmt::format("{} = \"{}\"", field.name, choice), report);
        ++tried;
      }
    }
    for (const double end : {field.least, field.most}) {
      const Parameters parameters = subject.parameters();
      if (!std::isfinite(end) || !set_number(*field_named(parameters.schema, field.name), end)) continue;
      construct(subject, parameters, fmt::format("{} = {}", field.name, end), report);
      ++tried;
    }
    if (auto* const* slot = std::get_if<bool*>(&field.slot)) {
      const Parameters parameters = subject.parameters();
      **std::get_if<bool*>(&field_named(parameters.schema, field.name)->slot) = !**slot;
      construct(subject, parameters, fmt::format("{} = {}", field.name, !**slot), report);
      ++tried;
    }
  }
  if (tried == 0) {
    report.skip("no parameter has a range or choices");
  } else {
    report.note(fmt::format("{} values", tried));
  }
}

}  // namespace

std::vector<Check> parameter_checks() {
  return {
      {"parameters",
       "Describe each field once: a snake_case name, a meaning, and a range or choices that its default lies in.",
       check_descriptions},
      {"refusals", "Describe the same fields every time, with .range(least, most) or .at_least(least).",
       check_refusals},
      {defaults_check, "Choose defaults that work for any image and patch size, or throw ParameterError(field, why).",
       check_defaults},
      {"range ends",
       "Narrow the range to what the component can serve, or throw ParameterError(field, why) where values do not "
       "go together.",
       check_range_ends}};
}

}  // namespace vaso::contract
