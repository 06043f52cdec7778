#include "runs/spool.hpp"

#include "runs/checksum.hpp"
#include "runs/file_system.hpp"
#include "runs/store_impl.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace vaso::runs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t checksum_digits = 8;

[[noreturn]] void fail(const fs::path& file) {
  throw StoreError(
      fmt::format("cannot write {}: {}. Free some space or check the connection to the disk, then go on with "
                  "--resume.",
                  file.string(), std::strerror(errno)));
}

// JSON knows neither NaN nor infinities: they stand as text.
Json to_json(const std::map<std::string, double>& values) {
  Json object = Json::object();
  for (const auto& [name, value] : values) {
    if (std::isfinite(value)) {
      object[name] = value;
    } else {
      object[name] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
  }
  return object;
}

std::map<std::string, double> to_values(const Json& object) {
  std::map<std::string, double> values;
  for (const auto& [name, value] : object.items()) {
    values[name] =
        value.is_string() ? std::strtod(value.get_ref<const std::string&>().c_str(), nullptr) : value.get<double>();
  }
  return values;
}

// Where the last whole line ends.
off_t end_of_whole_lines(int descriptor) {
  off_t end = lseek(descriptor, 0, SEEK_END);
  for (char last = 0; end > 0; --end) {
    if (pread(descriptor, &last, 1, end - 1) != 1 || last == '\n') break;
  }
  return end;
}

// Calls `take` with each record that is whole.
Replayed read_spool(const fs::path& folder, const std::function<void(const Json&)>& take) {
  Replayed replayed;
  std::ifstream stream(folder / spool_name, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    std::uint32_t checksum = 0;
    const char* const end = line.data() + std::min(line.size(), checksum_digits);
    const bool framed = line.size() > checksum_digits + 1 &&
                        std::from_chars(line.data(), end, checksum, 16).ptr == end &&
                        crc32c(std::string_view(line).substr(checksum_digits + 1)) == checksum;
    if (framed) {
      take(Json::parse(line.begin() + checksum_digits + 1, line.end()));
      ++replayed.records;
    } else if (!stream.eof()) {  // a torn last line has no end
      ++replayed.damaged;
    }
  }
  return replayed;
}

}  // namespace

bool wants_spool(const fs::path& folder) {
  if (const char* const wish = std::getenv("VASO_SPOOL"); wish != nullptr && *wish != '\0') {
    return std::strcmp(wish, "0") != 0;
  }
  return !on_local_disk(folder);
}

Spool::Spool(const fs::path& folder)
    : file_(folder / spool_name), descriptor_(open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0 || ftruncate(descriptor_, end_of_whole_lines(descriptor_)) != 0) fail(file_);
}

Spool::~Spool() { close(descriptor_); }

void Spool::append(const std::string& record) {
  const std::string line = fmt::format("{:08x} {}\n", crc32c(record), record);
  for (std::size_t written = 0; written < line.size();) {
    const ssize_t now = write(descriptor_, line.data() + written, line.size() - written);
    if (now < 0 && errno != EINTR) fail(file_);
    if (now > 0) written += static_cast<std::size_t>(now);
  }
  if (fdatasync(descriptor_) != 0) fail(file_);
}

void Spool::log(std::int64_t step, const std::map<std::string, double>& values) {
  append(Json{{"log", {{"step", step}, {"values", to_json(values)}}}}.dump());
}

void Spool::forget_from(std::int64_t step) { append(Json{{"forget_from", step}}.dump()); }

void Spool::log_per_image(const std::string& metric, const std::map<std::string, double>& value_by_image) {
  append(Json{{"per_image", {{"metric", metric}, {"values", to_json(value_by_image)}}}}.dump());
}

void Spool::set_convention(const std::string& metric, const std::string& text) {
  append(Json{{"convention", {{"metric", metric}, {"text", text}}}}.dump());
}

void Spool::add_artefact(const Artefact& artefact) {
  append(
      Json{{"artefact",
            {{"name", artefact.name}, {"file", artefact.file}, {"sha256", artefact.sha256}, {"bytes", artefact.bytes}}}}
          .dump());
}

Replayed replay_spool(Connection& db, std::int64_t run, const fs::path& folder) {
  return read_spool(folder, [&](const Json& record) {
    const auto entry = record.begin();
    const std::string& kind = entry.key();
    const Json& content = entry.value();
    if (kind == "log") {
      insert_points(db, run, content.at("step"), to_values(content.at("values")));
    } else if (kind == "forget_from") {
      delete_points_from(db, run, content);
    } else if (kind == "per_image") {
      insert_per_image(db, run, content.at("metric"), to_values(content.at("values")));
    } else if (kind == "convention") {
      insert_convention(db, run, content.at("metric"), content.at("text"));
    } else if (kind == "artefact") {
      insert_artefact(db, run, {content.at("name"), content.at("file"), content.at("sha256"), content.at("bytes")});
    } else {
      throw StoreError(fmt::format("{} was written by a newer VasoLab: it holds `{}`. Use that version.",
                                   (folder / spool_name).string(), kind));
    }
  });
}

Replayed inspect_spool(const fs::path& folder) {
  return read_spool(folder, [](const Json&) {});
}

std::int64_t Store::absorb_spool(const Run& run) {
  const fs::path file = fs::path(run.folder) / spool_name;
  if (run.folder.empty() || !fs::exists(file)) return 0;
  std::int64_t records = 0;
  // Read inside the transaction: of two programs that do this at once, the second sees all that the first saw. Else an
  // old beginning that ends with a step back could undo what came after it.
  impl_->write_for(run.id, [&](Connection& db) { records = replay_spool(db, run.id, run.folder).records; });
  std::error_code ignored;  // a spool that stays is taken up again: that changes nothing
  if (run.status != Status::running) fs::remove(file, ignored);
  return records;
}

}  // namespace vaso::runs
