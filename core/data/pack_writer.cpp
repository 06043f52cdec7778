#include "data/ordered.hpp"
#include "data/pack.hpp"
#include "data/pack_draft.hpp"
#include "data/pack_layout.hpp"

#include "runs/store.hpp"

#include <ATen/core/Tensor.h>
#include <sys/stat.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <variant>

namespace vaso::data {
namespace fs = std::filesystem;
namespace {

// One record, ready to be appended.
struct Block {
  RecordId id;
  std::int64_t height = 0, width = 0;
  std::string planes;
  std::string sha256;
  std::vector<Box> boxes;
};
using Outcome = std::variant<Block, Fault>;

std::string size_text(const at::Tensor& plane) {
  return plane.dim() == 2 ? std::to_string(plane.size(1)) + "×" + std::to_string(plane.size(0))
                          : std::to_string(plane.dim()) + "-dimensional";
}

void append_plane(std::string& planes, const at::Tensor& plane) {
  const at::Tensor rows = plane.contiguous();
  const auto bytes = static_cast<std::size_t>(rows.numel());
  planes.append(static_cast<const char*>(rows.data_ptr()), bytes);
  planes.append(static_cast<std::size_t>(padded(rows.numel())) - bytes, '\0');
}

std::string label(const RecordId& id) { return id.files.empty() ? id.name : id.files.front(); }

Block make_block(const PackRequest& request, const std::vector<std::string>& maps, std::int64_t index) {
  const Record record = request.dataset->record(index);
  const std::string where = label(record.id);
  const at::Tensor& image = record.image;
  if (!image.defined() || image.dim() != 2 || image.numel() == 0 || image.scalar_type() != at::kByte) {
    throw DataError({where, "the data set gave no H×W uint8 image", "this is a fault of the dataset plugin"});
  }
  Block block{record.id, image.size(0), image.size(1), {}, {}, record.boxes};
  append_plane(block.planes, image);
  const auto add_map = [&](const std::string& name, const at::Tensor& map) {
    if (!map.defined() || map.scalar_type() != at::kByte || map.sizes() != image.sizes()) {
      throw DataError({where,
                       "its map `" + name + "` is " + (map.defined() ? size_text(map) : "missing") + ", the image " +
                           size_text(image),
                       "maps must have the size of their image"});
    }
    append_plane(block.planes, map);
  };
  for (const std::string& name : maps) {
    const auto found = record.maps.find(name);
    if (found != record.maps.end()) {
      add_map(name, found->second);
      continue;
    }
    const auto extra =
        std::find_if(request.extra.begin(), request.extra.end(), [&](const ExtraMap& e) { return e.name == name; });
    add_map(name, extra == request.extra.end() ? at::Tensor() : extra->compute(record));
  }
  block.sha256 = record_digest(block.height, block.width, block.planes);
  return block;
}

Outcome try_block(const PackRequest& request, const std::vector<std::string>& maps, std::int64_t index) {
  try {
    return make_block(request, maps, index);
  } catch (const DataError& error) {
    return error.fault();
  } catch (const std::exception& error) {
    return Fault{label(request.dataset->id(index)), error.what(), ""};
  }
}

[[noreturn]] void report(const std::vector<Fault>& faults, std::int64_t total) {
  if (faults.size() == 1) throw DataError(faults.front());
  constexpr std::size_t kListed = 20;
  std::string what = std::to_string(faults.size()) + " of " + std::to_string(total) + " records cannot be used:";
  for (std::size_t i = 0; i < std::min(faults.size(), kListed); ++i)
    what += "\n  " + faults[i].where + ": " + faults[i].what;
  if (faults.size() > kListed) what += "\n  and " + std::to_string(faults.size() - kListed) + " more";
  throw DataError({"data set", what, "mend or remove these files; `vaso data check` lists every one"});
}

nlohmann::json index_entry(const Block& block) {
  nlohmann::json boxes = nlohmann::json::array();
  for (const Box& box : block.boxes) {
    boxes.push_back({box.left, box.top, box.width, box.height, box.label, box.area, box.crowd});
  }
  return {{"name", block.id.name},         {"source", block.id.source}, {"patient", block.id.patient},
          {"sequence", block.id.sequence}, {"frame", block.id.frame},   {"split", block.id.split},
          {"boxes", std::move(boxes)},     {"height", block.height},    {"width", block.width},
          {"sha256", block.sha256}};
}

std::vector<std::string> all_maps(const PackRequest& request) {
  std::vector<std::string> names = request.dataset->maps();
  for (const ExtraMap& extra : request.extra) names.push_back(extra.name);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    throw std::invalid_argument("two maps of one pack have the same name");
  }
  return names;
}

std::int64_t records_of(const Dataset& dataset, std::int64_t limit) {
  return limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
}

struct Cancelled {};

void write_whole(const fs::path& file, const PackRequest& request, std::int64_t total) {
  const std::vector<std::string> maps = all_maps(request);
  PackDraft draft(file, request.fingerprint, maps);
  const auto done = static_cast<std::int64_t>(draft.records().size());
  std::vector<Fault> faults;
  try {
    for_each_in_order(
        total - done, request.threads, [&](std::int64_t i) { return try_block(request, maps, done + i); },
        [&](std::int64_t i, Outcome&& outcome) {
          if (request.cancelled != nullptr && (*request.cancelled)()) throw Cancelled{};
          if (const auto* fault = std::get_if<Fault>(&outcome)) {
            faults.push_back(*fault);
          } else if (faults.empty()) {  // otherwise there will be no pack; the rest is only checked
            const Block& block = std::get<Block>(outcome);
            draft.append(index_entry(block), block.planes);
          }
          if (request.progress) request.progress(done + i + 1, total);
        });
  } catch (const Cancelled&) {
    if (faults.empty()) draft.keep();
    throw;
  }
  if (!faults.empty()) report(faults, total);

  std::string digests;
  for (const nlohmann::json& record : draft.records()) digests += record.at("sha256").get<std::string>();
  draft.commit(nlohmann::json{{"maps", maps},
                              {"fingerprint", request.fingerprint},
                              {"digest", runs::sha256(digests)},
                              {"records", draft.records()}}
                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));  // file names may be no UTF-8
}

}  // namespace

bool write_pack(const fs::path& file, const PackRequest& request) {
  const std::int64_t total = records_of(*request.dataset, request.limit);
  if (total == 0) throw DataError({file, "the data set is empty, so there is nothing to pack", "check [data]"});
  try {
    write_whole(file, request, total);
  } catch (const Cancelled&) {
    return false;
  }
  return true;
}

std::string fingerprint(const Dataset& dataset, std::int64_t limit, const std::string& parameters) {
  const std::int64_t total = records_of(dataset, limit);
  std::string text =
      "pack format " + std::to_string(kPackFormat) + "\n" + parameters + "\n" + std::to_string(total) + "\n";
  for (std::int64_t i = 0; i < total; ++i) {
    const RecordId id = dataset.id(i);
    text += id.source + '\t' + id.name;
    for (const std::string& file : id.files) {
      struct stat about {};
      ::stat(file.c_str(), &about);  // a file that has gone counts as empty; reading it says so
      text += '\t' + fs::path(file).filename().string() + ' ' + std::to_string(about.st_size) + ' ' +
              std::to_string(about.st_mtim.tv_sec) + '.' + std::to_string(about.st_mtim.tv_nsec);
    }
    text += '\n';
  }
  return runs::sha256(text);
}

}  // namespace vaso::data
