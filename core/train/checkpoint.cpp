#include "train/checkpoint.hpp"

#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace vaso::train {
namespace {

constexpr const char* format_name = "vasolab-checkpoint-1";
constexpr const char* part_names[] = {"teacher", "optimizer", "component", "epoch", "selected", "selection"};

std::int64_t number(const TensorFile& content, const std::string& key, const std::filesystem::path& file) {
  const auto found = content.metadata.find(key);
  if (found == content.metadata.end())
    throw CheckpointError(fmt::format("{}: its metadata lacks `{}`", file.string(), key));
  return std::stoll(found->second);
}

}  // namespace

void save(const Checkpoint& checkpoint, const std::filesystem::path& file, const std::string& phase) {
  TensorFile content;
  content.tensors = checkpoint.student;
  for (const auto& [prefix, bag] : checkpoint.parts) {
    for (const auto& [name, tensor] : bag) content.tensors[prefix + "." + name] = tensor;
  }
  content.metadata = {{"format", format_name},
                      {"phase", phase},
                      {"epoch", std::to_string(checkpoint.epoch)},
                      {"batch", std::to_string(checkpoint.batch)},
                      {"step", std::to_string(checkpoint.step)}};
  write_safetensors(file, content);
}

Checkpoint load(const std::filesystem::path& file, const std::string& phase) {
  TensorFile content = read_safetensors(file);
  if (const auto found = content.metadata.find("format");
      found == content.metadata.end() || found->second != format_name) {
    throw CheckpointError(
        fmt::format("{}: is no checkpoint of this VasoLab (wanted format {})", file.string(), format_name));
  }
  if (content.metadata["phase"] != phase) {
    throw CheckpointError(
        fmt::format("{}: belongs to phase {}, not {}", file.string(), content.metadata["phase"], phase));
  }
  Checkpoint checkpoint;
  checkpoint.epoch = number(content, "epoch", file);
  checkpoint.batch = number(content, "batch", file);
  checkpoint.step = number(content, "step", file);
  for (auto& [name, tensor] : content.tensors) {
    std::string_view part;
    for (const std::string_view candidate : part_names) {
      if (name.starts_with(candidate) && name.size() > candidate.size() && name[candidate.size()] == '.')
        part = candidate;
    }
    if (part.empty()) {
      checkpoint.student[name] = tensor;
    } else {
      checkpoint.parts[std::string(part)][name.substr(part.size() + 1)] = tensor;
    }
  }
  return checkpoint;
}

}  // namespace vaso::train
