#include "train/safetensors.hpp"

#include "train/atomic_file.hpp"
#include "weights/weight_file.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace vaso::train {

namespace {

constexpr const char* kMetadata = "__metadata__";

constexpr std::array<std::pair<weights::Type, at::ScalarType>, 10> kTypes = {{{weights::Type::f64, at::kDouble},
                                                                              {weights::Type::f32, at::kFloat},
                                                                              {weights::Type::f16, at::kHalf},
                                                                              {weights::Type::bf16, at::kBFloat16},
                                                                              {weights::Type::i64, at::kLong},
                                                                              {weights::Type::i32, at::kInt},
                                                                              {weights::Type::i16, at::kShort},
                                                                              {weights::Type::i8, at::kChar},
                                                                              {weights::Type::u8, at::kByte},
                                                                              {weights::Type::boolean, at::kBool}}};

// In safetensors a tensor's bytes are its elements in row-major order.
at::Tensor copy_of(const weights::Tensor& stored) {
  // A byte that is neither 0 nor 1 is no bool; comparing bytes makes one of it.
  const bool boolean = stored.type == weights::Type::boolean;
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.first == stored.type; });
  const at::Tensor tensor = at::empty(stored.shape, boolean ? at::kByte : type->second);
  if (!stored.data.empty()) std::memcpy(tensor.data_ptr(), stored.data.data(), stored.data.size());
  return boolean ? tensor.ne(0) : tensor;
}

const char* type_name(at::ScalarType scalar) {
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.second == scalar; });
  return type == kTypes.end() ? nullptr : weights::name_of(type->first);
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& file) {
  try {
    weights::WeightFile opened;
    opened.file = file;
    opened.mapping = std::make_shared<weights::MappedFile>(file);
    weights::read_safetensors(opened);
    TensorFile content;
    content.metadata = std::move(opened.metadata);
    for (const weights::Tensor& tensor : opened.tensors) content.tensors[tensor.name] = copy_of(tensor);
    return content;
  } catch (const weights::WeightFileError& error) {
    throw CheckpointError(error.what());
  } catch (const c10::Error& error) {  // no memory for it
    throw CheckpointError(fmt::format("{}: {}", file.string(), error.what_without_backtrace()));
  }
}

void write_safetensors(const std::filesystem::path& file, const TensorFile& content) {
  struct Item {
    std::string name;
    at::Tensor tensor;
  };
  std::vector<Item> items;
  for (const auto& [name, tensor] : content.tensors) {
    if (name == kMetadata)
      throw CheckpointError(fmt::format("{}: no tensor may be named {}", file.string(), kMetadata));
    if (!tensor.defined() || type_name(tensor.scalar_type()) == nullptr) {
      throw CheckpointError(
          fmt::format("{}: tensor \"{}\" is undefined or of a type that safetensors lacks", file.string(), name));
    }
    items.push_back({name, tensor.detach().to(at::kCPU).contiguous()});
  }
  // Wide elements first: then every tensor is aligned to its element size, as readers that map the file need.
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.tensor.element_size() > b.tensor.element_size(); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!content.metadata.empty()) header[kMetadata] = content.metadata;
  std::uint64_t position = 0;
  for (const auto& [name, tensor] : items) {
    const std::uint64_t end = position + tensor.nbytes();
    header[name] = {
        {"dtype", type_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(fmt::format("{}: a name or a metadata value is not UTF-8 ({})", file.string(), error.what()));
  }
  text.append((8 - text.size() % 8) % 8, ' ');

  AtomicFile out(file, sizeof(std::uint64_t) + text.size() + position);
  const std::uint64_t header_bytes = text.size();
  out.write(&header_bytes, sizeof header_bytes);
  out.write(text.data(), text.size());
  for (const auto& [name, tensor] : items) out.write(tensor.data_ptr(), tensor.nbytes());
  out.commit();
}

}  // namespace vaso::train
