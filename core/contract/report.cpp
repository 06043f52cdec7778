#include "contract/report.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <string_view>

namespace vaso::contract {
namespace {

using Json = nlohmann::json;

std::string line_of(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

void Report::send(const std::string& line) const {
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Report::begin(const std::string& check, const std::string& cure) {
  check_ = check;
  cure_ = cure;
  where_ = skipped_ = note_ = {};
  held_ = 0;
  send(line_of({{"begin", check}, {"cure", cure}}));
}

void Report::doing(const std::string& where) {
  where_ = where;
  send(line_of({{"doing", where}}));
}

void Report::expect(bool holds, const std::string& rule, const std::string& found) {
  if (holds) {
    ++held_;
  } else {
    fail(check_, rule, found, cure_);
  }
}

void Report::fail(const std::string& check, const std::string& rule, const std::string& found,
                  const std::string& cure) {
  send(line_of({{"fail", check}, {"rule", rule}, {"where", where_}, {"found", found}, {"cure", cure}}));
}

void Report::skip(const std::string& why) { skipped_ = why; }
void Report::note(const std::string& measured) { note_ = measured; }
void Report::end() { send(line_of({{"end", check_}, {"held", held_}, {"skipped", skipped_}, {"note", note_}})); }
void Report::nothing_more(const std::string& why) { send(line_of({{"nothing_more", why}})); }
void Report::done() { send(line_of({{"done", true}})); }

std::string words_of(const std::exception& error) {
  std::string text = error.what();
  for (const char* start : {"\nException raised from", "Exception raised from"})
    if (const std::size_t place = text.find(start); place != std::string::npos) text.resize(place);
  return text;
}

}  // namespace vaso::contract
