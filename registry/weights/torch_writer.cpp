// PyTorch's zip format, as torch.save writes it: a pickle of protocol 2 and one stored entry for each storage.
// Source: PyTorch, torch/serialization.py (_save); PKWARE's APPNOTE.TXT 6.3, 4.3.
#include "weights/output_file.hpp"
#include "weights/writers.hpp"

#include <fmt/format.h>
#include <boost/crc.hpp>

#include <limits>

namespace vaso::weights {
namespace {

template <class Number>
void append(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// The few opcodes that a dictionary of tensors needs; see pickle.cpp for their names.
class Pickle {
 public:
  Pickle() { text_ = "\x80\x02"; }
  void raw(std::string_view opcodes) { text_ += opcodes; }
  void string(std::string_view value) {
    text_ += 'X';
    append(text_, static_cast<std::uint32_t>(value.size()));
    text_ += value;
  }
  void integer(std::int64_t value) {
    if (value >= 0 && value <= std::numeric_limits<std::int32_t>::max()) {
      text_ += 'J';
      append(text_, static_cast<std::int32_t>(value));
    } else {
      text_ += "\x8a\x08";
      append(text_, value);
    }
  }
  void integers(const Shape& values) {
    text_ += '(';
    for (const std::int64_t value : values) integer(value);
    text_ += 't';
  }
  void tensor(const Shape& shape, std::size_t storage) {
    const std::int64_t count = element_count(shape).value_or(0);
    Shape strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    raw("ctorch._utils\n_rebuild_tensor_v2\n((");
    string("storage");
    raw("ctorch\nFloatStorage\n");
    string(std::to_string(storage));
    string("cpu");
    integer(count);
    raw("tQ");
    integer(0);
    integers(shape);
    integers(strides);
    raw("\x89"
        "ccollections\nOrderedDict\n)RtR");
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class ZipWriter {
 public:
  explicit ZipWriter(const std::filesystem::path& file) : out_(file), complain_(file) {}

  void add(const std::string& name, Bytes content) {
    boost::crc_32_type crc;
    crc.process_bytes(content.data(), content.size());
    const std::uint64_t local = out_.position();
    // PyTorch aligns contents to 64 bytes, so that they can be mapped; an extra field fills the gap.
    constexpr std::uint64_t alignment = 64, local_header = 30, field_header = 4;
    const std::uint64_t before = local + local_header + name.size() + field_header;
    const auto padding = static_cast<std::uint16_t>((alignment - before % alignment) % alignment);
    if (content.size() > limit || before + padding > limit - content.size())
      complain_("would be larger than 4 GiB, which this format does not hold: write .safetensors");

    std::string common;                // of the local and the central header
    append(common, std::uint16_t{0});  // flags
    append(common, std::uint16_t{0});  // stored
    append(common, std::uint32_t{0});  // no time: the same weights give the same file
    append(common, static_cast<std::uint32_t>(crc.checksum()));
    append(common, static_cast<std::uint32_t>(content.size()));
    append(common, static_cast<std::uint32_t>(content.size()));
    append(common, static_cast<std::uint16_t>(name.size()));

    std::string header("PK\x03\x04\x14\x00", 6);
    header += common;
    append(header, static_cast<std::uint16_t>(field_header + padding));
    header += name;
    header += "FB";  // the id that PyTorch gives this field
    append(header, padding);
    header.append(padding, 'Z');
    out_.write(header);
    out_.write(content);

    directory_ += std::string_view("PK\x01\x02\x14\x00\x14\x00", 8);
    directory_ += common;
    directory_.append(12, '\0');  // no extra field, comment, disk, attributes
    append(directory_, static_cast<std::uint32_t>(local));
    directory_ += name;
    ++entries_;
  }

  void finish() {
    const std::uint64_t start = out_.position();
    if (start + directory_.size() > limit || entries_ > std::numeric_limits<std::uint16_t>::max())
      complain_("would be larger than this format holds: write .safetensors");
    std::string end("PK\x05\x06\x00\x00\x00\x00", 8);
    append(end, static_cast<std::uint16_t>(entries_));
    append(end, static_cast<std::uint16_t>(entries_));
    append(end, static_cast<std::uint32_t>(directory_.size()));
    append(end, static_cast<std::uint32_t>(start));
    append(end, std::uint16_t{0});
    out_.write(directory_);
    out_.write(end);
    out_.commit();
  }

 private:
  static constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max() - 1;
  OutputFile out_;
  Complaint complain_;
  std::string directory_;
  std::size_t entries_ = 0;
};

}  // namespace

void write_torch_zip(const std::filesystem::path& file, const std::string& key,
                     const std::vector<NamedValues>& tensors) {
  Pickle pickle;
  pickle.raw("}");
  pickle.string(key);
  pickle.raw("}");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    pickle.string(tensors[i].name);
    pickle.tensor(tensors[i].shape, i);
    pickle.raw("s");
  }
  pickle.raw("s.");

  ZipWriter zip(file);
  const auto text = [](std::string_view content) { return std::as_bytes(std::span(content)); };
  zip.add("archive/data.pkl", text(pickle.text()));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::vector<float> values = tensors[i].values();
    zip.add(fmt::format("archive/data/{}", i), std::as_bytes(std::span(values)));
  }
  zip.add("archive/version", text("3\n"));
  zip.finish();
}

}  // namespace vaso::weights
