#include "annotations/coco_fields.hpp"

#include "train/atomic_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

namespace vaso::annotations {
namespace {

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  // Some writers turn every number into a float: 17.0.
  return value.is_number_float() && std::abs(value.get<double>()) < 1e15 &&
         std::floor(value.get<double>()) == value.get<double>();
}

std::string shortened(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "…";
}

}  // namespace

Json to_json(const CocoBox& box) { return Json::array({box.left, box.top, box.width, box.height}); }

void write_json(const std::filesystem::path& file, const Json& content) {
  const std::string text = content.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  train::AtomicFile out(file, text.size());
  out.write(text.data(), text.size());
  out.commit();
}

std::optional<Json> parse_json(const std::filesystem::path& file, std::vector<Fault>& faults) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code none;
  if (!stream || std::filesystem::is_directory(file, none)) {
    faults.push_back({file.string(), "there is no such file, or it cannot be read", "check the path"});
    return std::nullopt;
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (text.starts_with("version https://git-lfs")) {
    faults.push_back({file.string(), "it is a Git LFS pointer, not the file itself", "fetch it with `git lfs pull`"});
    return std::nullopt;
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
    const auto line = 1 + std::count(text.begin(), error.byte > 0 ? std::prev(end, end != text.begin()) : end, '\n');
    const std::string what = error.what();
    const std::size_t detail = what.rfind(": ");
    faults.push_back({fmt::format("{}:{}", file.string(), line),
                      "it is no JSON" + (detail == what.npos ? "" : what.substr(detail)),
                      "export it again; a file that ends early was not downloaded whole"});
  }
  return std::nullopt;
}

void Fields::fault(const std::string& what, const std::string& cure) {
  faults_.push_back({fmt::format("{}, {}", file_.string(), what_), what, cure});
}

bool Fields::wrong(const char* name, const char* wanted) {
  if (!has(name)) {
    fault(fmt::format("it has no `{}`", name), fmt::format("export the file again with `{}`: {}", name, wanted));
  } else {
    fault(fmt::format("`{}` is {}, not {}", name, shortened(at(name)), wanted), "correct it in the file");
  }
  return false;
}

std::optional<std::int64_t> Fields::integer(const char* name) {
  if (has(name) && is_whole(at(name))) return at(name).get<std::int64_t>();
  wrong(name, "a whole number");
  return std::nullopt;
}

std::optional<double> Fields::number(const char* name) {
  if (has(name) && at(name).is_number()) return at(name).get<double>();
  wrong(name, "a number");
  return std::nullopt;
}

std::optional<std::string> Fields::text(const char* name) {
  if (has(name) && at(name).is_string() && !at(name).get_ref<const std::string&>().empty())
    return at(name).get<std::string>();
  wrong(name, "a text");
  return std::nullopt;
}

std::optional<CocoBox> Fields::box(const char* name) {
  const bool four = has(name) && at(name).is_array() && at(name).size() == 4 &&
                    std::all_of(at(name).begin(), at(name).end(), [](const Json& value) { return value.is_number(); });
  if (four) {
    const Json& box = at(name);
    return CocoBox{box[0].get<double>(), box[1].get<double>(), box[2].get<double>(), box[3].get<double>()};
  }
  wrong(name, "four numbers: left, top, width, height");
  return std::nullopt;
}

void require_none(const std::vector<Fault>& faults) {
  if (faults.empty()) return;
  Fault first = faults.front();
  if (faults.size() > 1) first.what += fmt::format(" ({} more faults in this file)", faults.size() - 1);
  throw DataError(first);
}

}  // namespace vaso::annotations
