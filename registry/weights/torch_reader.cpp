// PyTorch's checkpoints: a pickle with the structure, and the bytes of each storage beside it.
// Source: PyTorch, torch/serialization.py (_save, _legacy_save).
#include "weights/pickle.hpp"
#include "weights/weight_file.hpp"
#include "weights/zip_archive.hpp"

#include <fmt/format.h>

#include <functional>

namespace vaso::weights {
namespace {

using Kind = Node::Kind;

// The bytes of a storage by its key; how many there must be is for the caller to check.
using Storages = std::function<Bytes(const Node& storage)>;

// Makes a tensor of a node and lays its sizes against the bytes that are there.
class TensorMaker {
 public:
  TensorMaker(Storages storages, const Complaint& complain) : storages_(std::move(storages)), complain_(complain) {}

  Tensor make(const Node& node, const std::string& group, const std::string& name) const {
    Tensor tensor;
    tensor.group = group;
    tensor.name = name;
    const Node& storage = *node.items[0];
    tensor.type = storage.global.type;
    tensor.shape = extents(*node.items[1], tensor);
    tensor.strides = extents(*node.items[2], tensor);
    if (tensor.shape.size() != tensor.strides.size())
      complain_("{}: {} extents and {} strides", tensor.full_name(), tensor.shape.size(), tensor.strides.size());
    const auto count = element_count(tensor.shape);
    if (!count) complain_("{}: its shape {} is larger than any memory", tensor.full_name(), to_text(tensor.shape));
    const Bytes bytes = checked(storage, tensor);
    if (*count == 0) return tensor;

    const auto offset = node.integer;
    std::int64_t last = offset;
    bool reaches = offset >= 0;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      std::int64_t step = 0;
      reaches = reaches && !__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &step) &&
                !__builtin_add_overflow(last, step, &last);
    }
    if (!reaches || last >= storage.integer || *count > storage.integer) {
      complain_("{}: {} elements from {} with strides {} do not lie in its storage of {}; the file is damaged{}",
                tensor.full_name(), to_text(tensor.shape), offset, to_text(tensor.strides), storage.integer,
                reaches && last < storage.integer ? ", or holds an expanded tensor: save it with .contiguous()" : "");
    }
    const std::size_t size = size_of(tensor.type);
    tensor.data =
        bytes.subspan(static_cast<std::size_t>(offset) * size, static_cast<std::size_t>(last - offset + 1) * size);
    return tensor;
  }

 private:
  Shape extents(const Node& sequence, const Tensor& tensor) const {
    constexpr std::size_t most = 16;
    Shape values;
    for (const Node* item : sequence.items) {
      if (item->kind != Kind::integer || item->integer < 0 || values.size() == most)
        complain_("{}: its shape or strides are none", tensor.full_name());
      values.push_back(item->integer);
    }
    return values;
  }

  Bytes checked(const Node& storage, const Tensor& tensor) const {
    const Bytes bytes = storages_(storage);
    const std::size_t size = size_of(tensor.type);
    if (storage.integer < 0 || static_cast<std::uint64_t>(storage.integer) > bytes.size() / size) {
      complain_("{}: its storage {} should have {} elements of {} bytes and has {} bytes; the file is damaged",
                tensor.full_name(), storage.text, storage.integer, size, bytes.size());
    }
    return bytes;
  }

  Storages storages_;
  const Complaint& complain_;
};

// Walks what a pickle made, which may refer to itself and to one value many times over.
class Walk {
 public:
  Walk(WeightFile& into, const TensorMaker& maker, const Complaint& complain)
      : into_(into), maker_(maker), complain_(complain) {}

  void value(const Node& node, const std::string& group, const std::string& name, int depth = 0) {
    // A program that means to be read nests a few levels; the number of steps bounds what sharing can multiply.
    constexpr int deepest = 32;
    constexpr std::size_t most_steps = 4'000'000;
    if (depth > deepest) complain_("its pickle nests deeper than {} levels, or contains itself", deepest);
    if (++steps_ > most_steps) complain_("its pickle refers to the same values more than {} times", most_steps);
    switch (node.kind) {
      case Kind::tensor:
        into_.tensors.push_back(maker_.make(node, group, name));
        return;
      case Kind::dictionary:
      case Kind::opaque:
        for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
          const std::string key = key_text(*node.items[i]);
          if (!key.empty()) value(*node.items[i + 1], inside(group, name), key, depth + 1);
        }
        return;
      case Kind::sequence:
        for (std::size_t i = 0; i < node.items.size(); ++i)
          value(*node.items[i], inside(group, name), std::to_string(i), depth + 1);
        return;
      case Kind::boolean:
        return note(group, name, node.integer != 0 ? "true" : "false");
      case Kind::integer:
        return note(group, name, std::to_string(node.integer));
      case Kind::real:
        return note(group, name, fmt::format("{}", node.real));
      case Kind::text:
        return note(group, name, std::string(node.text));
      default:
        return;
    }
  }

 private:
  static std::string inside(const std::string& group, const std::string& name) {
    return group.empty() ? name : name.empty() ? group : fmt::format("{}/{}", group, name);
  }
  static std::string key_text(const Node& key) {
    return key.kind == Kind::text      ? std::string(key.text)
           : key.kind == Kind::integer ? std::to_string(key.integer)
                                       : std::string();
  }
  void note(const std::string& group, const std::string& name, std::string text) {
    constexpr std::size_t most = 10'000, longest = 1'000;
    if (into_.metadata.size() < most && text.size() <= longest) into_.metadata[inside(group, name)] = std::move(text);
  }

  WeightFile& into_;
  const TensorMaker& maker_;
  const Complaint& complain_;
  std::size_t steps_ = 0;
};

void fill(WeightFile& into, const Node& root, Storages storages, const Complaint& complain) {
  const TensorMaker maker(std::move(storages), complain);
  Walk(into, maker, complain).value(root, "", root.kind == Kind::tensor ? "tensor" : "");
}

constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c

}  // namespace

void read_torch_zip(WeightFile& into) {
  const Complaint complain(into.file);
  into.format = "PyTorch zip";
  const auto entries = stored_entries(into.mapping->bytes(), complain);
  std::string root;
  Bytes pickle;
  for (const auto& [name, content] : entries) {
    if (!name.ends_with("/data.pkl")) continue;
    root = name.substr(0, name.size() - std::string_view("data.pkl").size());
    pickle = content;
  }
  if (root.empty()) complain("is a zip archive without data.pkl: no checkpoint of PyTorch (an archive of .npy files?)");
  if (entries.contains(root + "constants.pkl")) {
    complain("is a TorchScript program, not weights: save state_dict() of the model that it was made of");
  }
  if (const auto order = entries.find(root + "byteorder");
      order != entries.end() && !text_of(order->second).starts_with("little")) {
    complain("was written on a big-endian machine; save it again on a little-endian one");
  }
  Unpickler unpickler(pickle, complain);
  fill(
      into, unpickler.load(),
      [&](const Node& storage) {
        const auto found = entries.find(fmt::format("{}data/{}", root, storage.text));
        if (found == entries.end()) complain("has no storage {}; the file is damaged", storage.text);
        return found->second;
      },
      complain);
}

// Four pickles (magic number, version, machine, content), a fifth with the keys of the storages, and the storages in
// that order, each behind its number of elements.
void read_torch_legacy(WeightFile& into) {
  const Complaint complain(into.file);
  into.format = "PyTorch legacy";
  const Bytes bytes = into.mapping->bytes();
  Unpickler unpickler(bytes, complain);
  if (const Node& number = unpickler.load(); number.kind != Kind::bytes || number.text != magic) {
    complain("is a Python pickle, but no checkpoint that torch.save wrote");
  }
  if (const Node& version = unpickler.load(); version.kind != Kind::integer || version.integer != 1001) {
    complain("is a checkpoint of a PyTorch version that is not read here; save it again with a newer one");
  }
  const Node& machine = unpickler.load();
  for (std::size_t i = 0; i + 1 < machine.items.size(); i += 2) {
    const Node &key = *machine.items[i], &value = *machine.items[i + 1];
    if (key.kind == Kind::text && key.text == "little_endian" && value.integer == 0)
      complain("was written on a big-endian machine; save it again on a little-endian one");
  }
  const Node& root = unpickler.load();
  const Node& keys = unpickler.load();

  // How long a storage is depends on its type, which only the tensors tell: so the first pass is over them.
  std::unordered_map<std::string_view, const Node*> types;
  for (const Node* storage : unpickler.storages()) types.emplace(storage->text, storage);
  std::unordered_map<std::string_view, Bytes> contents;
  std::size_t position = unpickler.position();
  for (const Node* key : keys.items) {
    const auto storage = key->kind == Kind::text ? types.find(key->text) : types.end();
    if (storage == types.end()) complain("byte {}: a storage that no tensor uses; the file is damaged", position);
    if (bytes.size() - position < sizeof(std::uint64_t))
      complain("ends before storage {}: it is truncated. Copy it again", key->text);
    const auto count = number_at<std::uint64_t>(bytes, position);
    position += sizeof count;
    const std::size_t size = size_of(storage->second->global.type);
    if (count > (bytes.size() - position) / size) {
      complain("byte {}: storage {} should have {} elements of {} bytes and the file ends before: it is truncated",
               position, key->text, count, size);
    }
    contents[key->text] = bytes.subspan(position, count * size);
    position += count * size;
  }
  fill(
      into, root,
      [&](const Node& storage) {
        const auto found = contents.find(storage.text);
        if (found == contents.end()) complain("has no storage {}; the file is damaged", storage.text);
        return found->second;
      },
      complain);
}

}  // namespace vaso::weights
