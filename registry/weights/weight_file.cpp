#include "weights/weight_file.hpp"

#include <algorithm>
#include <set>

namespace vaso::weights {
namespace {

// What people have instead of weights, by how it begins.
const char* what_else(std::string_view start) {
  struct Other {
    std::string_view begins;
    const char* is;
  };
  static constexpr Other others[] = {
      {"version https://git-lfs", "is a Git LFS pointer, not the weights: fetch them with `git lfs pull`"},
      {"<", "is a web page, not weights: the download asked for a login or a confirmation"},
      {"\x89HDF", "is an HDF5 file (Keras): convert it to safetensors first"},
      {"\x1f\x8b", "is compressed with gzip: unpack it first"},
      {"7z", "is a 7-Zip archive: unpack it first"},
      {"\x93NUMPY", "is a NumPy array, not a checkpoint"},
      {"{", "is JSON text: an index of a checkpoint in parts names the files that hold the weights"},
  };
  for (const Other& other : others) {
    if (start.starts_with(other.begins)) return other.is;
  }
  return "is neither safetensors nor a PyTorch checkpoint";
}

bool looks_like_safetensors(Bytes bytes) {
  return bytes.size() > sizeof(std::uint64_t) && text_of(bytes)[sizeof(std::uint64_t)] == '{';
}

// Names are printed and written into files: what a terminal would obey is no name of a tensor.
void check_names(const WeightFile& file, const Complaint& complain) {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const Tensor& tensor : file.tensors) {
    const auto control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
    if (std::any_of(tensor.name.begin(), tensor.name.end(), control) ||
        std::any_of(tensor.group.begin(), tensor.group.end(), control)) {
      complain("the name of a {} tensor has control characters; this is no checkpoint of a network",
               to_text(tensor.shape));
    }
    if (!names.emplace(tensor.group, tensor.name).second) complain("two tensors are named {}", tensor.full_name());
  }
}

}  // namespace

WeightFile open_weights(const std::filesystem::path& file) {
  const Complaint complain(file);
  WeightFile opened;
  opened.file = file;
  opened.mapping = std::make_shared<MappedFile>(file);
  const Bytes bytes = opened.mapping->bytes();
  const std::string_view start = text_of(bytes.first(std::min<std::size_t>(bytes.size(), 64)));
  if (start.empty()) complain("is empty");
  if (start.starts_with("PK")) {
    read_torch_zip(opened);
  } else if (start[0] == '\x80') {
    read_torch_legacy(opened);
  } else if (looks_like_safetensors(bytes)) {
    read_safetensors(opened);
  } else {
    complain("{}", what_else(start));
  }
  check_names(opened, complain);
  return opened;
}

}  // namespace vaso::weights
