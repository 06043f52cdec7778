// The safetensors format: 8-byte little-endian header length, JSON header, raw little-endian tensors.
// Source: huggingface/safetensors, README.md ("Format") and its Rust validation.
#include "weights/weight_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vaso::weights {
namespace {

using Json = nlohmann::json;

constexpr const char* metadata_key = "__metadata__";
constexpr std::uint64_t largest_header = 100'000'000;  // the reference implementation's limit

Json parse_header(std::string_view text, const Complaint& complain) {
  std::set<std::string> names;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    // The deepest that means anything is an extent: {"name": {"shape": [here]}}. More would only use up memory.
    if (depth > 4) complain("its header nests deeper than the format does");
    if (depth == 1 && event == Json::parse_event_t::key && !names.insert(parsed.get<std::string>()).second) {
      complain("two tensors are named \"{}\"", parsed.get<std::string>());
    }
    return true;
  };
  try {
    Json header = Json::parse(text, watch);
    if (!header.is_object()) complain("the header is no JSON object; is this a safetensors file?");
    return header;
  } catch (const Json::exception& error) {
    complain("the header is no JSON ({}); it is truncated, or no safetensors file", error.what());
  }
}

std::uint64_t whole(const Json& value, const std::string& name, const char* what, const Complaint& complain) {
  if (!value.is_number_unsigned()) complain("tensor \"{}\": {} is not a whole number from 0", name, what);
  return value.get<std::uint64_t>();
}

// Row-major strides; the shape has been counted, so no product overflows.
Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  return strides;
}

Tensor parse_tensor(const std::string& name, const Json& value, Bytes data, const Complaint& complain) {
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
    complain("tensor \"{}\": dtype, shape or data_offsets is missing", name);
  }
  Tensor tensor;
  tensor.name = name;
  const auto type = value["dtype"].is_string() ? type_named(value["dtype"].get<std::string>()) : std::nullopt;
  if (!type) {
    complain(
        "tensor \"{}\": dtype {} is not read here; known are F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL. "
        "Convert it to one of them",
        name, value["dtype"].dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  tensor.type = *type;
  if (!value["shape"].is_array()) complain("tensor \"{}\": shape is not a list", name);
  for (const Json& extent : value["shape"]) {
    tensor.shape.push_back(static_cast<std::int64_t>(whole(extent, name, "an extent of its shape", complain)));
  }
  const auto count = element_count(tensor.shape);
  if (!count) complain("tensor \"{}\": its shape is larger than any memory", name);
  tensor.strides = strides_of(tensor.shape);

  const Json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) complain("tensor \"{}\": data_offsets is not a pair", name);
  const std::uint64_t begin = whole(offsets[0], name, "a data offset", complain);
  const std::uint64_t end = whole(offsets[1], name, "a data offset", complain);
  if (begin > end || end > data.size()) {
    complain(
        "tensor \"{}\": its data should stand at bytes {} to {} of {}; the file is truncated or damaged. Copy it again",
        name, begin, end, data.size());
  }
  const auto bytes = static_cast<std::uint64_t>(*count) * size_of(tensor.type);
  if (end - begin != bytes) {
    complain("tensor \"{}\": its shape needs {} bytes and its offsets give {}", name, bytes, end - begin);
  }
  tensor.data = data.subspan(begin, bytes);
  return tensor;
}

// The format allows neither overlaps nor holes: what stands in a file is named in its header.
void check_layout(const std::vector<Tensor>& tensors, Bytes data, const Complaint& complain) {
  std::vector<const Tensor*> order;
  for (const Tensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
    return std::pair(a->data.data(), a->data.size()) < std::pair(b->data.data(), b->data.size());
  });
  const std::byte* position = data.data();
  for (const Tensor* tensor : order) {
    if (tensor->data.data() < position) {
      complain("tensor \"{}\" begins at byte {} of the data and overlaps the one before it, which ends at {}",
               tensor->name, tensor->data.data() - data.data(), position - data.data());
    }
    if (tensor->data.data() > position) {
      complain("{} bytes before tensor \"{}\" belong to none", tensor->data.data() - position, tensor->name);
    }
    position = tensor->data.data() + tensor->data.size();
  }
  const std::ptrdiff_t left = data.data() + data.size() - position;
  if (left != 0) complain("{} bytes after the last tensor belong to none", left);
}

}  // namespace

void read_safetensors(WeightFile& into) {
  const Complaint complain(into.file);
  into.format = "safetensors";
  const Bytes bytes = into.mapping->bytes();
  if (bytes.size() < sizeof(std::uint64_t)) {
    complain("has {} bytes, too few for a safetensors file", bytes.size());
  }
  const auto header_bytes = number_at<std::uint64_t>(bytes, 0);
  const Bytes rest = bytes.subspan(sizeof header_bytes);
  if (header_bytes > largest_header || header_bytes > rest.size()) {
    complain("announces a header of {} bytes and has {} in all; it is truncated or no safetensors file", header_bytes,
             bytes.size());
  }
  const Json header = parse_header(text_of(rest.first(header_bytes)), complain);
  const Bytes data = rest.subspan(header_bytes);
  for (const auto& [name, value] : header.items()) {
    if (name != metadata_key) {
      into.tensors.push_back(parse_tensor(name, value, data, complain));
      continue;
    }
    if (!value.is_object()) complain("{} is no JSON object", metadata_key);
    for (const auto& [key, word] : value.items()) {
      if (!word.is_string()) complain("{}: \"{}\" is no text", metadata_key, key);
      into.metadata[key] = word.get<std::string>();
    }
  }
  check_layout(into.tensors, data, complain);
}

}  // namespace vaso::weights
