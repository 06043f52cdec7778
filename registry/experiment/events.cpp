#include "experiment/events.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <optional>

namespace vaso::experiment {
namespace {

using Json = nlohmann::json;

// In the order of Event::Kind.
constexpr std::array<std::string_view, 5> kinds = {"stage", "progress", "note", "fault", "result"};
static_assert(kinds.size() == static_cast<std::size_t>(Event::Kind::result) + 1);

std::optional<Event::Kind> kind_of(const Json& object) {
  const auto at = object.find("event");
  if (at == object.end() || !at->is_string()) return std::nullopt;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (at->get_ref<const std::string&>() == kinds[i]) return static_cast<Event::Kind>(i);
  }
  return std::nullopt;
}

// Reads a whole number that fits T; what is absent stays as it is.
template <class T>
bool read_whole(const Json& object, const char* key, T& value) {
  const auto at = object.find(key);
  if (at == object.end()) return true;
  constexpr std::int64_t least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  if (!at->is_number_integer()) return false;
  if (at->is_number_unsigned() && at->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) return false;
  const auto number = at->get<std::int64_t>();
  if (number < least || number > most) return false;
  value = static_cast<T>(number);
  return true;
}

bool read_text(const Json& object, const char* key, std::string& value) {
  const auto at = object.find(key);
  if (at == object.end()) return true;
  if (!at->is_string()) return false;
  value = at->get<std::string>();
  return true;
}

}  // namespace

std::string to_line(const Event& event) {
  nlohmann::ordered_json out = {{"event", kinds[static_cast<std::size_t>(event.kind)]}, {"text", event.text}};
  if (event.kind == Event::Kind::progress) {
    out["done"] = event.done;
    out["total"] = event.total;
  }
  if (event.kind == Event::Kind::fault) out["code"] = event.code;
  // Texts may quote a file with any bytes in it: what is not UTF-8 becomes U+FFFD.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool from_line(std::string_view line, Event& event) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  const std::optional<Event::Kind> kind = kind_of(object);
  if (!kind) return false;
  Event read;
  read.kind = *kind;
  if (!read_text(object, "text", read.text) || !read_whole(object, "done", read.done) ||
      !read_whole(object, "total", read.total) || !read_whole(object, "code", read.code)) {
    return false;
  }
  event = std::move(read);
  return true;
}

}  // namespace vaso::experiment
