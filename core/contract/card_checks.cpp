// What a plugin says about itself, and how it is loaded.
#include "contract/checks.hpp"
#include "contract/parameters.hpp"

#include "config/binding.hpp"
#include "host/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace vaso::contract {
namespace {

// What a person who starts a run hardly notices, for one plugin of thirty.
constexpr std::chrono::milliseconds longest_reading{50}, longest_loading{1000};
constexpr int tries = 3;  // the fastest counts: a busy machine is not the plugin's fault

void check_card(const Subject& subject, Report& report) {
  const plugins::Found* found = subject.host.catalogue().provider(subject.name);
  if (found == nullptr) throw NothingMore(subject.host.catalogue().explain_missing(subject.name));
  report.expect(found->card.id[0] != '\0', "the card names the plugin");
  report.expect(found->card.version[0] != '\0', "the card gives a version");
  report.note(fmt::format("{} {}", found->card.id, found->card.version));
}

void check_door(const Subject& subject, Report& report) {
  report.doing("loading");
  try {
    subject.loaded();
  } catch (const PluginError& error) {
    report.fail("the library loads and registers what its card lists", error.what());
    throw NothingMore("it does not load");
  }
  const ComponentEntry& entry = subject.entry();
  report.expect(!entry.summary.empty() && entry.summary.find('\n') == std::string::npos,
                "the summary says in one line what the component does", "\"" + entry.summary + "\"");
  report.expect(is_snake_case(entry.name), "the component's name is snake_case", "`" + entry.name + "`");
  report.doing("calling the entry once more");
  PluginHost again(subject.host.catalogue());
  const ComponentEntry& second = again.component(subject.name).entry;
  report.expect(second.summary == entry.summary && config::schema_to_json(second.parameters().schema) ==
                                                       config::schema_to_json(entry.parameters().schema),
                "the entry registers the same every time");
}

template <class Work>
std::chrono::duration<double, std::milli> fastest(std::chrono::milliseconds bound, const Work& work) {
  std::chrono::duration<double, std::milli> least = std::chrono::hours(1);
  for (int attempt = 0; attempt < tries && least > bound; ++attempt) {
    const auto began = std::chrono::steady_clock::now();
    work();
    least = std::min<std::chrono::duration<double, std::milli>>(least, std::chrono::steady_clock::now() - began);
  }
  return least;
}

// Before the library is loaded here, or there would be nothing to measure.
void check_scan_time(const Subject& subject, Report& report) {
  const std::filesystem::path& file = subject.host.catalogue().provider(subject.name)->file;
  const auto reading = fastest(longest_reading, [&] { plugins::read_card(file); });
  std::string why;
  const auto loading = fastest(longest_loading, [&] { why = try_in_child(file); });
  report.expect(why.empty(), "the library loads in a process of its own", why);
  if (!why.empty()) throw NothingMore("it does not load");
  report.note(fmt::format("card read in {:.1f} ms, loaded in {:.0f} ms", reading.count(), loading.count()));
  report.expect(reading <= longest_reading, fmt::format("the card is read within {} ms", longest_reading.count()),
                fmt::format("{:.0f} ms at best of {}", reading.count(), tries));
  report.expect(loading <= longest_loading, fmt::format("the library loads within {} ms", longest_loading.count()),
                fmt::format("{:.0f} ms at best of {}", loading.count(), tries));
}

}  // namespace

std::vector<Check> card_checks() {
  return {{"card", "Say VASO_PLUGIN(\"id\", \"version\", \"KIND.NAME …\") with all three filled in.", check_card},
          {scan_check,
           "Move work out of static initialisers and out of the entry, into the component's constructor or later.",
           check_scan_time},
          {door_check,
           "Register in VASO_PLUGIN's body exactly what the card lists, depending on nothing but the code; do nothing "
           "else there and nothing in static initialisers.",
           check_door}};
}

}  // namespace vaso::contract
