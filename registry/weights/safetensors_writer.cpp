#include "weights/output_file.hpp"
#include "weights/writers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::weights {

void write_safetensors(const std::filesystem::path& file, const std::vector<NamedValues>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedValues*> order;
  for (const NamedValues& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->name < b->name; });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t position = 0;
  for (const NamedValues* tensor : order) {
    const auto count = static_cast<std::uint64_t>(element_count(tensor->shape).value_or(0));
    const std::uint64_t end = position + count * sizeof(float);
    header[tensor->name] = {{"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');

  OutputFile out(file);
  const std::uint64_t header_bytes = text.size();
  out.write(std::as_bytes(std::span(&header_bytes, 1)));
  out.write(text);
  for (const NamedValues* tensor : order) {
    const std::vector<float> values = tensor->values();
    out.write(std::as_bytes(std::span(values)));
  }
  out.commit();
}

}  // namespace vaso::weights
