#include "checks.hpp"
#include "config/binding.hpp"
#include "fake_step.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

namespace vaso::contract {
namespace {

bool is_snake_case(const std::string& word) {
  return !word.empty() && word[0] >= 'a' && word[0] <= 'z' && word.back() != '_' &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

config::Node one_value(const std::string& key, config::Node::Value value) {
  const config::Origin origin{"contract", 0, 0, ""};
  config::Node table;
  table.table().push_back({key, origin, config::Node(std::move(value), origin)});
  return table;
}

// The field of the same name in another instance of the parameters.
const Field& field_named(const Schema& schema, const std::string& name) {
  for (const Field& field : schema.fields())
    if (field.name == name) return field;
  throw std::runtime_error("describe() names other parameters each time");
}

// Sets a number, or every element of a list of numbers (as many as the list must have, one where that is free).
void set_number(const Field& field, double value) {
  const auto length = static_cast<std::size_t>(std::max<std::int64_t>(field.length, 1));
  if (auto* const* slot = std::get_if<double*>(&field.slot)) **slot = value;
  if (auto* const* slot = std::get_if<std::int64_t*>(&field.slot)) **slot = static_cast<std::int64_t>(value);
  if (auto* const* slot = std::get_if<std::vector<double>*>(&field.slot)) (*slot)->assign(length, value);
  if (auto* const* slot = std::get_if<std::vector<std::int64_t>*>(&field.slot))
    (*slot)->assign(length, static_cast<std::int64_t>(value));
}

bool is_number(const Field& field) {
  return std::holds_alternative<double*>(field.slot) || std::holds_alternative<std::int64_t*>(field.slot);
}
bool is_number_or_list(const Field& field) {
  return is_number(field) || std::holds_alternative<std::vector<double>*>(field.slot) ||
         std::holds_alternative<std::vector<std::int64_t>*>(field.slot);
}

// What bind() would say to the value.
std::size_t faults_of_binding(const Subject& subject, const config::Node& table) {
  const Parameters parameters = subject.parameters();
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(table, parameters.schema, subject.name(), used, faults);
  config::refuse_unknown(table, subject.name(), used, {}, faults);
  return faults.size();
}

void check_descriptions(const Subject& subject, Report& report) {
  std::set<std::string> seen;
  const Parameters parameters = subject.parameters();
  for (const Field& field : parameters.schema.fields()) {
    report.check(is_snake_case(field.name), fmt::format("parameter `{}` has a name in snake_case", field.name));
    report.check(seen.insert(field.name).second, fmt::format("parameter `{}` is described once", field.name));
    report.check(!field.meaning.empty(), fmt::format("parameter `{}` says what it means", field.name));
    report.check(field.least <= field.most, fmt::format("parameter `{}` has a range with something in it", field.name));
    if (const auto* const* text = std::get_if<std::string*>(&field.slot); text != nullptr && !field.choices.empty())
      report.check(std::find(field.choices.begin(), field.choices.end(), **text) != field.choices.end(),
                   fmt::format("the default of `{}` is one of its choices", field.name));
    if (is_number(field)) {
      const auto* const* real = std::get_if<double*>(&field.slot);
      const double value = real != nullptr ? **real : static_cast<double>(**std::get_if<std::int64_t*>(&field.slot));
      report.check(value >= field.least && value <= field.most,
                   fmt::format("the default of `{}` is in its range", field.name));
    }
  }
}

// ParameterError is how a component says that values which are each in range do not go together.
void construct(const Subject& subject, const Parameters& parameters, const std::string& rule, Report& report) {
  report.doing("making it with " + rule);
  try {
    subject.make<Component>(parameters);
    report.check(true, rule);
  } catch (const ParameterError& refusal) {
    report.check(!std::string(refusal.what()).empty(), "a ParameterError says why");
    report.check(refusal.field().empty() || (field_named(parameters.schema, refusal.field()), true),
                 "a ParameterError names a parameter");
  }
}

void check_range_ends(const Subject& subject, Report& report) {
  const Parameters described = subject.parameters();
  for (const Field& field : described.schema.fields()) {
    for (const std::string& choice : field.choices) {
      const Parameters parameters = subject.parameters();
      if (auto* const* slot = std::get_if<std::string*>(&field_named(parameters.schema, field.name).slot)) {
        **slot = choice;
        construct(subject, parameters, fmt::format("{} = \"{}\"", field.name, choice), report);
      }
    }
    if (!is_number_or_list(field)) continue;
    for (const double end : {field.least, field.most}) {
      if (!std::isfinite(end)) continue;
      const Parameters parameters = subject.parameters();
      set_number(field_named(parameters.schema, field.name), end);
      construct(subject, parameters, fmt::format("{} = {}", field.name, end), report);
    }
  }
}

void check_refusals(const Subject& subject, Report& report) {
  report.doing("binding");
  report.check(faults_of_binding(subject, one_value("no_such_parameter", std::int64_t{1})) == 1,
               "an unknown key is refused");
  const Parameters described = subject.parameters();
  for (const Field& field : described.schema.fields()) {
    if (!is_number(field)) continue;
    for (const double end : {field.least, field.most}) {
      if (!std::isfinite(end) || std::abs(end) > 1e15) continue;
      const double beyond = end == field.least ? end - 1 : end + 1;
      const std::size_t faults =
          std::holds_alternative<double*>(field.slot)
              ? faults_of_binding(subject, one_value(field.name, beyond))
              : faults_of_binding(subject, one_value(field.name, static_cast<std::int64_t>(beyond)));
      report.check(faults == 1, fmt::format("{} = {} is refused", field.name, beyond));
    }
  }
}

at::Tensor global_random_state() { return at::globalContext().defaultGenerator(at::kCPU).get_state(); }

}  // namespace

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.equal(b);
}

bool same(const Bag& a, const Bag& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& left, const auto& right) {
           return left.first == right.first && same(left.second, right.second);
         });
}

void check_entry(const Subject& subject, Report& report) {
  report.doing("entry");
  PluginHost again(subject.host.catalogue());  // the same library once more: its entry is called a second time
  const ComponentEntry& entry = again.component(subject.name()).entry;
  report.check(
      entry.summary == subject.component.entry.summary &&
          config::schema_to_json(entry.parameters().schema) == config::schema_to_json(subject.parameters().schema),
      "the entry registers the same every time");
  report.check(!entry.summary.empty() && entry.summary.find('\n') == std::string::npos, "the summary is one line");
  report.check(is_snake_case(entry.name), "the component has a name in snake_case");
  report.check(subject.component.plugin->card.id[0] != '\0' && subject.component.plugin->card.version[0] != '\0',
               "the card names the plugin and its version");
}

bool check_parameters(const Subject& subject, Report& report) {
  check_descriptions(subject, report);
  check_refusals(subject, report);
  report.doing("making it from defaults");
  try {
    subject.make<Component>();
    report.check(true, "defaults make a component");
  } catch (const ParameterError& refusal) {
    const Parameters described = subject.parameters();
    for (const Field& field : described.schema.fields()) {
      if (field.name != refusal.field() || !field.path) continue;
      report.skip(fmt::format("`{}` must be given: {}", field.name, refusal.what()));
      return false;
    }
    throw;
  }
  check_range_ends(subject, report);
  return true;
}

void check_state(const Component& component, Component& other, Report& report) {
  report.doing("state()");
  const Bag state = component.state();
  other.set_state(state);
  report.check(same(other.state(), state), "state(), set_state(), state() gives the same");
}

void check_component(PluginHost& host, const std::string& name, Report& report) {
  report.doing("loading");
  const Subject subject{host, host.component(name), small_shape()};
  const at::Tensor random_state = global_random_state();
  // What throws spoils its own part of the examination only.
  const auto attempt = [&](auto&& examine) {
    try {
      examine();
    } catch (const std::exception& error) {
      report.fail(std::string("threw: ") + error.what());
    }
  };
  bool can_be_made = false;
  attempt([&] { check_entry(subject, report); });
  attempt([&] { can_be_made = check_parameters(subject, report); });
  if (can_be_made) {
    attempt([&] { check_state(*subject.make<Component>(), *subject.make<Component>(), report); });
    attempt([&] {
      const std::string& kind = subject.component.entry.kind;
      if (kind == "masking") check_masking(subject, report);
      if (kind == "loss") check_loss(subject, report);
      if (kind == "guidance") check_guidance(subject, report);
      if (kind == "dataset") check_dataset(subject, report);
      if (kind == "objective") check_objective(subject, report);
      if (kind == "head") check_head(subject, report);
    });
  }
  report.doing("the global state of LibTorch");
  report.check(global_random_state().equal(random_state), "the global random generator is left alone");
  report.check(c10::GradMode::is_enabled(), "gradients are on as before");
}

}  // namespace vaso::contract
