#include "completion_words.hpp"

#include "config/tree.hpp"
#include "home.hpp"
#include "host_defaults.hpp"
#include "plugins/catalogue.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

constexpr std::size_t most_runs = 200;  // the newest: nobody looks through more

// What stands before the word that is being typed.
struct Before {
  VerbDescription verb;
  std::vector<std::string> words;                            // that are no options
  std::vector<std::pair<std::string, std::string>> options;  // name, value
  const VerbDescription::Option* open = nullptr;             // wants its value now

  bool gives(const std::string& option) const {
    return std::any_of(options.begin(), options.end(), [&](const auto& each) { return each.first == option; });
  }
  std::string value_of(const std::string& option, const std::string& otherwise) const {
    const auto found =
        std::find_if(options.rbegin(), options.rend(), [&](const auto& each) { return each.first == option; });
    return found == options.rend() ? otherwise : found->second;
  }
};

class Completer {
 public:
  explicit Completer(std::string word) : word_(std::move(word)) {}

  void offer(const std::string& candidate, const std::string& meaning = "") {
    if (candidate.starts_with(word_) && said_.insert(candidate).second) {
      answer_.candidates.push_back({prefix_ + candidate, meaning});
    }
  }

  // What is offered completes the part behind `prefix` alone.
  void keep(const std::string& prefix) {
    prefix_ += prefix;
    word_.erase(0, prefix.size());
  }

  void verbs(const Arguments& before) {
    for (const Verb& verb : all_verbs()) {
      const std::string name = verb.name;
      const std::size_t space = name.find(' ');
      if (before.empty()) {
        offer(name.substr(0, space), space == name.npos ? verb.summary : "");
      } else if (space != name.npos && name.substr(0, space) == before[0]) {
        offer(name.substr(space + 1), verb.summary);
      }
    }
  }

  void options(const Before& before) {
    for (const VerbDescription::Option& option : before.verb.options) {
      if (option.repeated || !before.gives(option.name)) offer("--" + option.name, option.meaning);
    }
    offer("--help", "explains the verb");
  }

  void value(const Before& before, const std::vector<Value>& values, const std::vector<std::string>& choices) {
    for (const std::string& choice : choices) offer(choice);
    for (const Value value : values) this->value(before, value);
  }

  const std::string& word() const { return word_; }
  Completions answer() && { return std::move(answer_); }

 private:
  void value(const Before& before, Value value) {
    switch (value) {
      case Value::text:
        break;
      case Value::file:
        answer_.suffixes.emplace_back("");
        break;
      case Value::folder:
        answer_.folders = true;
        break;
      case Value::experiment:
        answer_.suffixes.emplace_back(".toml");
        break;
      case Value::run:
        return runs(before);
      case Value::study:
        if (const auto store = store_of(before)) {
          for (const std::string& name : store->studies()) offer(name);
        }
        break;
      case Value::experiment_name:
        if (const auto store = store_of(before)) {
          for (const runs::Run& run : store->all()) offer(run.experiment);
        }
        break;
      case Value::setting:
        return settings(before);
      case Value::setting_path:
        return setting_paths(before);
      case Value::metric:
        return metrics(before);
      case Value::component:
        for (const std::string& name : catalogue(before).components()) offer(name);
        break;
      case Value::dataset:
        for (const std::string& name : catalogue(before).names("dataset")) offer(name);
        break;
      case Value::guidance:
        for (const std::string& name : catalogue(before).names("guidance")) offer(name);
        break;
      case Value::verb:
        return verbs(before.words);
    }
  }

  // For reading: Tab changes nothing.
  static std::optional<runs::Store> store_of(const Before& before) {
    const fs::path file = database_file(before.value_of("home", usual_home()));
    if (!fs::exists(file)) return std::nullopt;
    return runs::Store(file, runs::Store::Mode::read_only);
  }

  static plugins::Catalogue catalogue(const Before& before) {
    std::vector<fs::path> folders;
    for (const auto& [name, value] : before.options) {
      if (name == "plugins") folders.emplace_back(value);
    }
    return plugins::scan(plugins::search_path(folders));
  }

  void runs(const Before& before) {
    const auto store = store_of(before);
    if (!store) return;
    const std::vector<runs::Run> all = store->all();
    for (std::size_t i = all.size(); i > 0 && all.size() - i < most_runs; --i) {
      const runs::Run& run = all[i - 1];
      offer(std::to_string(run.id),
            fmt::format("{} {} {}, {}", run.experiment, run.phase, run.label, runs::to_text(run.status)));
    }
  }

  // Of the experiment file among the words: "masking.ratio=", and behind the "=" of a component's choice its names.
  void settings(const Before& before) {
    const std::size_t equals = word_.find('=');
    if (equals != word_.npos) {
      const std::string path = word_.substr(0, equals);
      keep(word_.substr(0, equals + 1));
      return setting_value(before, path);
    }
    if (before.words.empty() || !fs::is_regular_file(before.words.front())) return;
    const config::Node tree = with_host_defaults(config::load(before.words.front(), {}), before.words.front());
    for (const config::Leaf& leaf : config::leaves(tree)) offer(leaf.path + "=", leaf.value);
  }

  void setting_value(const Before& before, const std::string& path) {
    if (path.ends_with(".strategy")) {
      for (const std::string& name : catalogue(before).names("masking")) offer(name);
    } else if (path.ends_with(".dataset")) {
      value(before, Value::dataset);
    } else if (path.ends_with(".source")) {
      value(before, Value::guidance);
    } else if (path.ends_with(".head")) {
      for (const std::string& name : catalogue(before).names("head")) offer(name);
    }
  }

  void behind_comma() {
    if (const std::size_t comma = word_.rfind(','); comma != word_.npos) keep(word_.substr(0, comma + 1));
  }

  // Runs of one experiment have the same names: those of the newest run of each phase do.
  template <class Names>
  void from_newest(const Before& before, Names names) {
    behind_comma();
    const auto store = store_of(before);
    if (!store) return;
    const std::vector<runs::Run> all = store->all();
    std::set<std::string> phases;
    for (auto run = all.rbegin(); run != all.rend(); ++run) {
      if (run->status == runs::Status::finished && phases.insert(run->phase).second) names(*store, run->id);
    }
  }

  void setting_paths(const Before& before) {
    from_newest(before, [&](const runs::Store& store, std::int64_t run) {
      for (const auto& [path, setting] : store.settings(run)) offer(path);
    });
    for (const char* name : {"phase", "experiment", "seed", "run"}) offer(name);
  }

  void metrics(const Before& before) {
    from_newest(before, [&](const runs::Store& store, std::int64_t run) {
      for (const std::string& name : store.series(run)) offer(name);
    });
  }

  std::string word_, prefix_;
  std::set<std::string> said_;
  Completions answer_;
};

void read(Before& before, const Arguments& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      before.words.push_back(words[i]);
      continue;
    }
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(2, equals == std::string::npos ? equals : equals - 2);
    const VerbDescription::Option* option = before.verb.find(name);
    if (option == nullptr) continue;
    if (option->placeholder.empty()) {
      before.options.emplace_back(name, "yes");
    } else if (equals != std::string::npos) {
      before.options.emplace_back(name, words[i].substr(equals + 1));
    } else if (i + 1 < words.size()) {
      before.options.emplace_back(name, words[++i]);
    } else {
      before.open = option;
    }
  }
}

}  // namespace

Completions complete(Arguments words) {
  if (words.empty()) words.emplace_back();
  Completer completer(words.back());
  words.pop_back();
  if (words.empty()) {
    completer.verbs({});
    completer.offer("--help");
    completer.offer("--version");
    return std::move(completer).answer();
  }
  std::size_t length = 0;
  const Verb* verb = find_verb(words, length);
  if (verb == nullptr) {
    if (words.size() == 1) completer.verbs(words);
    return std::move(completer).answer();
  }
  Before before;
  before.verb = describe(verb->call);
  read(before, {words.begin() + static_cast<std::ptrdiff_t>(length), words.end()});
  const std::size_t equals = completer.word().find('=');
  if (before.open != nullptr) {
    completer.value(before, before.open->values, before.open->choices);
  } else if (completer.word().starts_with("--") && equals != std::string::npos) {
    const VerbDescription::Option* option = before.verb.find(completer.word().substr(2, equals - 2));
    completer.keep(completer.word().substr(0, equals + 1));
    if (option != nullptr) completer.value(before, option->values, option->choices);
  } else if (completer.word().starts_with("-")) {
    completer.options(before);
  } else {
    if (before.words.size() < before.verb.most_words) {
      completer.value(before, before.verb.words, before.verb.word_choices);
    }
    if (completer.word().empty()) completer.options(before);
  }
  return std::move(completer).answer();
}

}  // namespace vaso::cli
