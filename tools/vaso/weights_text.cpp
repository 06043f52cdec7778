#include "weights_text.hpp"

#include "terminal.hpp"
#include "weights/name_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

namespace vaso::cli {
namespace {

using weights::EncoderParts;
using weights::EncoderShape;
using weights::FoundEncoder;
using weights::Remark;
using weights::Tensor;
using weights::WeightFile;
using Json = nlohmann::ordered_json;

// Metadata is whatever somebody wrote: nothing of it may reach the terminal as a command.
std::string printable(std::string text) {
  constexpr std::size_t longest = 200;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, ' ');
  return shorten(text, longest);
}

std::string millions(std::int64_t count) {
  return count < 1'000'000 ? grouped(count) : fmt::format("{:.1f} M", static_cast<double>(count) / 1e6);
}

std::string line(const char* what, const std::string& text) { return fmt::format("  {:<12} {}\n", what, text); }

std::string shape_text(const EncoderShape& shape) {
  std::string text = fmt::format("width {}, {} blocks, ", shape.dim, shape.depth);
  text += shape.heads > 0 ? fmt::format("{} heads", shape.heads) : std::string("heads unknown");
  text += fmt::format(", patches of {0}×{0} px", shape.patch);
  if (shape.grid > 0) text += fmt::format(", {0}×{0} of them ({1} px)", shape.grid, shape.image());
  text += shape.class_token ? " and a class token" : ", no class token";
  if (shape.relative) text += ", relative positions";
  const std::string traits = shape.traits();
  return traits.empty() ? text : fmt::format("{}; {}", text, traits);
}

// What an optimizer remembers stands in hundreds of groups of its own, and says nothing about the network.
bool of_optimizer(std::string_view group) { return group.starts_with("optimizer"); }

std::int64_t total_values(const WeightFile& file) {
  std::int64_t count = 0;
  for (const Tensor& tensor : file.tensors) count += tensor.count();
  return count;
}

// Tensors of one group, shape and type whose names differ in a number only.
struct Kind {
  std::string group, shape, type;
  std::vector<std::string> names;
};

std::vector<Kind> kinds(const WeightFile& file, bool all) {
  std::vector<Kind> found;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::size_t> places;
  for (const Tensor& tensor : file.tensors) {
    if (!all && of_optimizer(tensor.group)) continue;
    const std::string shape = weights::to_text(tensor.shape), type = name_of(tensor.type);
    // The number in a name is what may differ.
    std::string pattern = tensor.name;
    if (!all)
      std::replace_if(
          pattern.begin(), pattern.end(), [](char c) { return c >= '0' && c <= '9'; }, '#');
    const auto [place, added] = places.emplace(std::tuple(tensor.group, pattern, shape, type), found.size());
    if (added) found.push_back({tensor.group, shape, type, {}});
    found[place->second].names.push_back(tensor.name);
  }
  return found;
}

std::string tensor_lines(const WeightFile& file, bool all) {
  struct Row {
    std::string name, shape, type;
  };
  std::vector<Row> rows;
  std::size_t name_width = 0, shape_width = 0;
  std::string group = "\n";
  std::string text;
  const auto flush = [&] {
    for (const Row& row : rows) {
      text += fmt::format("    {}{}  {}{}  {}\n", row.name, std::string(name_width - columns(row.name), ' '), row.shape,
                          std::string(shape_width - columns(row.shape), ' '), row.type);
    }
    rows.clear();
    name_width = shape_width = 0;
  };
  for (const Kind& kind : kinds(file, all)) {
    if (kind.group != group) {
      flush();
      group = kind.group;
      text += fmt::format("  {}\n", group.empty() ? std::string("tensors") : fmt::format("tensors of {}", group));
    }
    for (const auto& [name, count] : weights::summarise(kind.names)) {
      rows.push_back({name, count == 1 ? kind.shape : fmt::format("{} × {}", count, kind.shape), kind.type});
      name_width = std::max(name_width, columns(name));
      shape_width = std::max(shape_width, columns(rows.back().shape));
    }
  }
  flush();
  return text;
}

// Names with one text become one entry: "decoder_embed.weight, decoder_blocks.0–7.norm1.weight, …: of the decoder".
std::string remark_lines(const char* what, const std::vector<Remark>& remarks) {
  constexpr std::size_t most = 4;
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> names;
  for (const Remark& remark : remarks) {
    if (names[remark.text].empty()) order.push_back(remark.text);
    names[remark.text].push_back(remark.name);
  }
  std::string text;
  for (const std::string& reason : order) {
    const auto groups = weights::summarise(names[reason]);
    std::string listed;
    for (std::size_t i = 0; i < groups.size() && i < most; ++i)
      listed.append(listed.empty() ? "" : ", ").append(groups[i].name);
    if (groups.size() > most) listed += ", …";
    const std::size_t count = names[reason].size();
    text += line(what, fmt::format("{}: {}{}", reason, listed, count > 1 ? fmt::format(" ({} tensors)", count) : ""));
    what = "";
  }
  return text;
}

Json shape_json(const EncoderShape& shape) {
  const auto known = [](std::int64_t value) { return value > 0 ? Json(value) : Json(nullptr); };
  return {{"dim", known(shape.dim)},
          {"depth", known(shape.depth)},
          {"heads", known(shape.heads)},
          {"patch_size", known(shape.patch)},
          {"image_size", known(shape.image())},
          {"tokens", known(shape.grid * shape.grid)},
          {"class_token", shape.class_token},
          {"positions", shape.positions},
          {"relative_positions", shape.relative},
          {"registers", shape.registers},
          {"final_norm", shape.final_norm},
          {"norm_eps", shape.norm_eps}};
}

Json remarks_json(const std::vector<Remark>& remarks) {
  Json all = Json::array();
  for (const auto& [name, text] : remarks) all.push_back({{"tensor", name}, {"what", text}});
  return all;
}

}  // namespace

std::string info_text(const WeightFile& file, bool all) {
  std::error_code unknown;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file.file, unknown));
  std::string text = fmt::format("{}\n", out().paint(Paint::bold, file.file.string()));
  text += line("format", fmt::format("{}, {}", file.format, bytes(size)));
  const auto found = find_encoders(file);
  if (found.empty()) {
    text += line("recognised", "no vision transformer whose names are known here");
  } else {
    const EncoderParts parts = sort_parts(file, found.front());
    text += line("recognised", fmt::format("{}, in {}", recognise(file, found.front()), found.front().place()));
    text += line("architecture", architecture_name(parts.shape));
    text += line("", shape_text(parts.shape));
    text += line("encoder", fmt::format("{} parameters", millions(parts.parameters)));
    text += !parts.obstacles.empty() ? remark_lines("no import", parts.obstacles)
                                     : line("import", "our encoder can hold it: vaso weights import");
    for (std::size_t i = 1; i < found.size(); ++i)
      text += line(i == 1 ? "further" : "", fmt::format("--part \"{}\"", found[i].place()));
  }
  text += line("in all", fmt::format("{} parameters in {} tensors", millions(total_values(file)), file.tensors.size()));
  constexpr std::size_t most = 16;
  std::size_t shown = 0;
  for (const auto& [key, value] : file.metadata) {
    if (!all && of_optimizer(key)) continue;
    if (!all && shown == most) {
      text += line("", "…");
      break;
    }
    text += line(shown++ == 0 ? "metadata" : "", fmt::format("{} = {}", printable(key), printable(value)));
  }
  text += tensor_lines(file, all);
  const auto hidden = std::count_if(file.tensors.begin(), file.tensors.end(),
                                    [](const Tensor& tensor) { return of_optimizer(tensor.group); });
  if (!all && hidden > 0) text += fmt::format("  and {} tensors of the optimizer: --tensors shows them\n", hidden);
  return text;
}

Json info_json(const WeightFile& file) {
  Json json = {{"file", file.file.string()}, {"format", file.format}};
  const auto found = find_encoders(file);
  json["recognised"] = found.empty() ? Json(nullptr) : Json(recognise(file, found.front()));
  json["encoders"] = Json::array();
  for (const FoundEncoder& encoder : found) {
    const EncoderParts parts = sort_parts(file, encoder);
    Json one = {{"place", encoder.place()}, {"architecture", architecture_name(parts.shape)}};
    one.update(shape_json(parts.shape));
    one["parameters"] = parts.parameters;
    one["obstacles"] = remarks_json(parts.obstacles);
    json["encoders"].push_back(std::move(one));
  }
  json["parameters"] = total_values(file);
  json["metadata"] = file.metadata;
  json["tensors"] = Json::array();
  for (const Tensor& tensor : file.tensors) {
    json["tensors"].push_back(
        {{"group", tensor.group}, {"name", tensor.name}, {"type", name_of(tensor.type)}, {"shape", tensor.shape}});
  }
  return json;
}

std::string import_text(const weights::EncoderPlan& plan) {
  std::string text = line("recognised", fmt::format("{}, in {}", plan.source, plan.encoder.place()));
  text += line("architecture", architecture_name(plan.shape));
  text += line("", shape_text(plan.shape));
  text +=
      line("taken", fmt::format("{} of {} tensors as they were{}", plan.taken.size(), plan.tensors.size(),
                                plan.types.empty() ? "" : fmt::format(", {} made F32", fmt::join(plan.types, ", "))));
  text += remark_lines("changed", plan.changed);
  text += remark_lines("new", plan.filled);
  text += remark_lines("dropped", plan.dropped);
  if (!plan.others.empty())
    text += line("not taken", fmt::format("{} (--part NAME takes one of them)", fmt::join(plan.others, ", ")));
  return text;
}

Json import_json(const weights::EncoderPlan& plan) {
  Json json = {
      {"recognised", plan.source}, {"place", plan.encoder.place()}, {"architecture", architecture_name(plan.shape)}};
  json.update(shape_json(plan.shape));
  json["made_f32"] = plan.types;
  json["taken"] = plan.taken;
  json["changed"] = remarks_json(plan.changed);
  json["new"] = remarks_json(plan.filled);
  json["dropped"] = remarks_json(plan.dropped);
  json["others"] = plan.others;
  return json;
}

}  // namespace vaso::cli
