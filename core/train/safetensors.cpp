#include "train/safetensors.hpp"

#include "train/atomic_file.hpp"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

namespace vaso::train {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr const char* kMetadata = "__metadata__";
constexpr std::uint64_t kLargestHeader = 100'000'000;  // the reference implementation's limit

struct Type {
  const char* name;
  at::ScalarType scalar;
};
constexpr std::array<Type, 10> kTypes = {{{"F64", at::kDouble},
                                          {"F32", at::kFloat},
                                          {"F16", at::kHalf},
                                          {"BF16", at::kBFloat16},
                                          {"I64", at::kLong},
                                          {"I32", at::kInt},
                                          {"I16", at::kShort},
                                          {"I8", at::kChar},
                                          {"U8", at::kByte},
                                          {"BOOL", at::kBool}}};

struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  // bytes after the header
};

// Throws with the file's name first; one place for the form of every message of the reader.
class Complaint {
 public:
  explicit Complaint(const std::filesystem::path& file) : file_(file) {}
  template <class... Arguments>
  [[noreturn]] void operator()(fmt::format_string<Arguments...> text, Arguments&&... arguments) const {
    throw CheckpointError(
        fmt::format("{}: {}", file_.string(), fmt::format(text, std::forward<Arguments>(arguments)...)));
  }

 private:
  std::filesystem::path file_;
};

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

void read_at(int descriptor, void* target, std::uint64_t bytes, std::uint64_t offset, const Complaint& complain) {
  auto* to = static_cast<char*>(target);
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor, to, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) complain("cannot be read: {}", std::strerror(errno));
    if (got == 0) complain("became shorter while it was read; is something still writing it?");
    to += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::uint64_t>(got);
  }
}

nlohmann::json parse_header(const std::string& text, const Complaint& complain) {
  std::set<std::string> names;
  const auto refuse_duplicates = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (depth == 1 && event == nlohmann::json::parse_event_t::key) {
      if (!names.insert(parsed.get<std::string>()).second)
        complain("two tensors are named \"{}\"", parsed.get<std::string>());
    }
    return true;
  };
  nlohmann::json header;
  try {
    header = nlohmann::json::parse(text, refuse_duplicates);
  } catch (const nlohmann::json::exception& error) {
    complain("the header is no JSON ({}); is this a safetensors file?", error.what());
  }
  if (!header.is_object()) complain("the header is no JSON object; is this a safetensors file?");
  return header;
}

std::uint64_t whole(const nlohmann::json& value, const std::string& name, const char* what, const Complaint& complain) {
  if (!value.is_number_unsigned()) complain("tensor \"{}\": {} is not a whole number from 0", name, what);
  return value.get<std::uint64_t>();
}

Entry parse_entry(const std::string& name, const nlohmann::json& value, std::uint64_t data_bytes,
                  const Complaint& complain) {
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
    complain("tensor \"{}\": dtype, shape or data_offsets is missing", name);
  }
  Entry entry;
  entry.name = name;
  const std::string dtype = value["dtype"].is_string() ? value["dtype"].get<std::string>() : value["dtype"].dump();
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return dtype == known.name; });
  if (type == kTypes.end()) {
    complain(
        "tensor \"{}\": unknown dtype {}; known are F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL. Convert the "
        "tensor "
        "to one of them",
        name, dtype);
  }
  entry.type = type->scalar;
  if (!value["shape"].is_array()) complain("tensor \"{}\": shape is not a list", name);
  std::uint64_t bytes = c10::elementSize(entry.type);
  bool empty = false, too_large = false;
  for (const auto& size : value["shape"]) {
    const std::uint64_t extent = whole(size, name, "an extent of its shape", complain);
    too_large = too_large || extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    empty = empty || extent == 0;
    too_large = too_large || __builtin_mul_overflow(bytes, std::max<std::uint64_t>(extent, 1), &bytes);
    entry.shape.push_back(static_cast<std::int64_t>(extent));
  }
  if (too_large) complain("tensor \"{}\": its shape is larger than any memory", name);
  if (empty) bytes = 0;
  const auto& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) complain("tensor \"{}\": data_offsets is not a pair", name);
  entry.begin = whole(offsets[0], name, "a data offset", complain);
  entry.end = whole(offsets[1], name, "a data offset", complain);
  if (entry.begin > entry.end || entry.end > data_bytes) {
    complain(
        "tensor \"{}\": its data should stand at bytes {} to {} of {}; the file is truncated or damaged. Copy it again",
        name, entry.begin, entry.end, data_bytes);
  }
  if (entry.end - entry.begin != bytes) {
    complain("tensor \"{}\": its shape needs {} bytes and its offsets give {}", name, bytes, entry.end - entry.begin);
  }
  return entry;
}

// The format allows neither overlaps nor holes: what stands in a file is named in its header.
void check_layout(std::vector<Entry>& entries, std::uint64_t data_bytes, const Complaint& complain) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < position) complain("tensor \"{}\" overlaps the one before it", entry.name);
    if (entry.begin > position)
      complain("{} bytes before tensor \"{}\" belong to none", entry.begin - position, entry.name);
    position = entry.end;
  }
  if (position != data_bytes) complain("{} bytes after the last tensor belong to none", data_bytes - position);
}

at::Tensor read_tensor(const Entry& entry, int descriptor, std::uint64_t data_start, const Complaint& complain) {
  // A byte that is neither 0 nor 1 is no bool; comparing bytes makes one of it.
  const bool boolean = entry.type == at::kBool;
  at::Tensor tensor = at::empty(entry.shape, boolean ? at::kByte : entry.type);
  read_at(descriptor, tensor.data_ptr(), entry.end - entry.begin, data_start + entry.begin, complain);
  return boolean ? tensor.ne(0) : tensor;
}

const char* type_name(at::ScalarType scalar) {
  const auto type =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return scalar == known.scalar; });
  return type == kTypes.end() ? nullptr : type->name;
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& file) {
  const Complaint complain(file);
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) complain("cannot be opened: {}", std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) complain("cannot be read: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) complain("is no regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);

  std::uint64_t header_bytes = 0;
  if (size < sizeof header_bytes) complain("has {} bytes, too few for a safetensors file", size);
  read_at(descriptor.get(), &header_bytes, sizeof header_bytes, 0, complain);
  if (header_bytes > kLargestHeader || header_bytes > size - sizeof header_bytes) {
    complain("announces a header of {} bytes and has {} in all; it is truncated or no safetensors file", header_bytes,
             size);
  }
  std::string text(header_bytes, '\0');
  read_at(descriptor.get(), text.data(), header_bytes, sizeof header_bytes, complain);
  const std::uint64_t data_start = sizeof header_bytes + header_bytes, data_bytes = size - data_start;

  TensorFile content;
  std::vector<Entry> entries;
  const nlohmann::json header = parse_header(text, complain);
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(parse_entry(name, value, data_bytes, complain));
      continue;
    }
    if (!value.is_object()) complain("{} is no JSON object", kMetadata);
    for (const auto& [key, word] : value.items()) {
      if (!word.is_string()) complain("{}: \"{}\" is no text", kMetadata, key);
      content.metadata[key] = word.get<std::string>();
    }
  }
  check_layout(entries, data_bytes, complain);
  for (const Entry& entry : entries) {
    try {
      content.tensors[entry.name] = read_tensor(entry, descriptor.get(), data_start, complain);
    } catch (const c10::Error& error) {
      complain("tensor \"{}\": {}", entry.name, error.what_without_backtrace());
    }
  }
  return content;
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
