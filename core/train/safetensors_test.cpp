#include "train/safetensors.hpp"

#include "support/paths.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace vaso;
using train::CheckpointError;

namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file with this header and `data` bytes after it, whatever the header says.
std::filesystem::path file_with(const tests::TemporaryFolder& folder, const std::string& header, std::size_t data) {
  const auto path = folder.path() / "hostile.safetensors";
  const std::uint64_t length = header.size();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << header << std::string(data, '\1');
  return path;
}

std::string complaint(const std::filesystem::path& path) {
  try {
    train::read_safetensors(path);
  } catch (const CheckpointError& error) {
    const std::string text = error.what();
    CHECK(text.starts_with(path.string() + ": "));
    return text;
  }
  return "read without complaint";
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + offsets + "]}";
}

// A file-size limit stands in for a full disk: the write fails half-way in the same manner.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("what is written is read again: every type, any shape, metadata") {
    const tests::TemporaryFolder folder;
    const auto path = folder.path() / "all.safetensors";
    train::TensorFile content;
    const at::Tensor values = at::arange(-3, 9, at::kDouble).reshape({3, 4});
    for (const auto type :
         {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar}) {
      content.tensors[c10::toString(type)] = values.to(type);
    }
    content.tensors["byte"] = values.abs().to(at::kByte);
    content.tensors["bool"] = values.gt(0);
    content.tensors["scalar"] = at::scalar_tensor(42, at::kLong);
    content.tensors["empty"] = at::zeros({0, 5});
    content.tensors["transposed"] = values.t();
    content.tensors["with gradient"] = values.clone().requires_grad_();
    content.tensors["name with \"quotes\" and ü"] = at::ones({1});
    content.metadata = {{"epoch", "3"}, {"note", "line\nbreak"}};
    train::write_safetensors(path, content);

    const train::TensorFile back = train::read_safetensors(path);
    CHECK(back.metadata == content.metadata);
    REQUIRE(back.tensors.size() == content.tensors.size());
    for (const auto& [name, tensor] : content.tensors) {
      CAPTURE(name);
      REQUIRE(back.tensors.count(name) == 1);
      const at::Tensor& again = back.tensors.at(name);
      CHECK((again.scalar_type() == tensor.scalar_type()));
      CHECK(again.sizes() == tensor.sizes());
      CHECK(at::equal(again, tensor));
      CHECK_FALSE(again.requires_grad());
    }
    CHECK(files_in(folder.path()) == 1);
    train::write_safetensors(folder.path() / "again.safetensors", back);
    CHECK(bytes_of(folder.path() / "again.safetensors") == bytes_of(path));
  }

  TEST_CASE("tensors are aligned to their element size") {
    const tests::TemporaryFolder folder;
    const auto path = folder.path() / "aligned.safetensors";
    train::write_safetensors(path, {{{"a", at::ones({3}, at::kByte)}, {"b", at::ones({2}, at::kDouble)}}, {}});
    const std::string bytes = bytes_of(path);
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    CHECK(header % 8 == 0);
    CHECK(bytes.find("\"b\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]}") != std::string::npos);
  }

  TEST_CASE("an empty file of tensors") {
    const tests::TemporaryFolder folder;
    train::write_safetensors(folder.path() / "none.safetensors", {});
    CHECK(train::read_safetensors(folder.path() / "none.safetensors").tensors.empty());
  }

  TEST_CASE("what is no safetensors file is refused") {
    const tests::TemporaryFolder folder;
    const auto contains = [](const std::string& text, const char* part) {
      CAPTURE(text);
      CHECK(text.find(part) != std::string::npos);
    };
    contains(complaint(folder.path() / "absent"), "No such file");
    contains(complaint(folder.path()), "no regular file");
    const auto empty = folder.path() / "empty";
    std::ofstream(empty).close();
    contains(complaint(empty), "too few");
    const auto text = folder.path() / "text";
    std::ofstream(text) << "PK\3\4 this is a zip file of PyTorch";
    contains(complaint(text), "announces a header");

    contains(complaint(file_with(folder, "{\"a\":", 0)), "no JSON");
    contains(complaint(file_with(folder, "", 0)), "no JSON");
    contains(complaint(file_with(folder, "[1]", 0)), "no JSON object");
    contains(complaint(file_with(folder, std::string(200000, '['), 0)), "nests deeper");
    contains(complaint(file_with(folder, "{\"__metadata__\":{\"a\":1}}", 0)), "\"a\" is no text");
    contains(complaint(file_with(folder, "{\"__metadata__\":3}", 0)), "no JSON object");
    contains(complaint(file_with(folder, "{\"a\":3}", 0)), "is missing");
    contains(complaint(file_with(folder, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4)), "is missing");
    contains(complaint(file_with(folder, "{" + tensor("a", "F8_E4M3", "4", "0,4") + "}", 4)),
             "dtype \"F8_E4M3\" is not read here");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "-1", "0,4") + "}", 4)), "not a whole number");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "1.5", "0,4") + "}", 4)), "not a whole number");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "1", "0") + "}", 4)), "not a pair");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "1", "-4,0") + "}", 4)), "not a whole number");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "1", "4,0") + "}", 4)), "damaged");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "1", "0,4") + "}", 3)), "truncated");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "2", "0,4") + "}", 4)), "needs 8 bytes");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "4294967296,4294967296", "0,4") + "}", 4)),
             "larger than any");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "18446744073709551615", "0,4") + "}", 4)),
             "larger than any");
    contains(complaint(file_with(folder, "{" + tensor("a", "F32", "0,18446744073709551615", "0,0") + "}", 0)),
             "larger than any");
    contains(complaint(
                 file_with(folder, "{" + tensor("a", "U8", "4", "0,4") + "," + tensor("b", "U8", "4", "2,6") + "}", 6)),
             "overlaps");
    contains(complaint(
                 file_with(folder, "{" + tensor("a", "U8", "2", "0,2") + "," + tensor("b", "U8", "2", "3,5") + "}", 5)),
             "belong to none");
    contains(complaint(file_with(folder, "{" + tensor("a", "U8", "2", "0,2") + "}", 9)), "7 bytes after the last");
    contains(complaint(
                 file_with(folder, "{" + tensor("a", "U8", "2", "0,2") + "," + tensor("a", "U8", "2", "0,2") + "}", 2)),
             "two tensors are named");
  }

  TEST_CASE("a file cut anywhere is refused") {
    const tests::TemporaryFolder folder;
    const auto path = folder.path() / "whole.safetensors";
    train::write_safetensors(path, {{{"a", at::arange(5, at::kFloat)}, {"b", at::arange(3, at::kLong)}}, {{"k", "v"}}});
    const std::string bytes = bytes_of(path);
    const auto cut = folder.path() / "cut.safetensors";
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      std::ofstream(cut, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(length));
      CAPTURE(length);
      CHECK_THROWS_AS(train::read_safetensors(cut), CheckpointError);
    }
  }

  TEST_CASE("bytes that are no bool become one") {
    const tests::TemporaryFolder folder;
    auto path = file_with(folder, "{" + tensor("a", "BOOL", "2", "0,2") + "}", 2);
    std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(-1, std::ios::end);
    out.put('\7');
    out.close();
    const at::Tensor read = train::read_safetensors(path).tensors.at("a");
    CHECK(at::equal(read, at::ones({2}, at::kBool)));
    CHECK(static_cast<const unsigned char*>(read.data_ptr())[1] == 1);
  }

  TEST_CASE("a disk that fills up leaves the old file and nothing else") {
    const tests::TemporaryFolder folder;
    const auto path = folder.path() / "checkpoint.safetensors";
    train::write_safetensors(path, {{{"old", at::ones({4})}}, {}});
    const std::string before = bytes_of(path);
    std::string message;
    {
      const FileSizeLimit limit(64 * 1024);
      try {
        train::write_safetensors(path, {{{"new", at::ones({1 << 20})}}, {}});
      } catch (const CheckpointError& error) {
        message = error.what();
      }
    }
    CAPTURE(message);
    CHECK(message.find("the file of that name is unchanged") != std::string::npos);
    CHECK(message.find("bytes needed") != std::string::npos);
    CHECK(message.find("Free some space") != std::string::npos);
    CHECK(bytes_of(path) == before);
    CHECK(files_in(folder.path()) == 1);
    train::write_safetensors(path, {{{"new", at::ones({1 << 20})}}, {}});  // with room again, it goes through
    CHECK(train::read_safetensors(path).tensors.count("new") == 1);
  }

  TEST_CASE("/dev/full, and a folder that is not there") {
    const tests::TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(train::write_safetensors(folder.path() / "none" / "x", {}), doctest::Contains("No such file"),
                         CheckpointError);
    // A link at the temporary name leads to a device that is always full.
    const auto path = folder.path() / "x";
    const auto temporary = path.string() + ".tmp-" + std::to_string(::getpid());
    std::filesystem::create_symlink("/dev/full", temporary);
    CHECK_THROWS_WITH_AS(train::write_safetensors(path, {{{"a", at::ones({4})}}, {}}),
                         doctest::Contains("No space left"), CheckpointError);
    CHECK(files_in(folder.path()) == 0);
  }

  TEST_CASE("what cannot be stored is refused before anything is written") {
    const tests::TemporaryFolder folder;
    const auto path = folder.path() / "x";
    CHECK_THROWS_AS(train::write_safetensors(path, {{{"__metadata__", at::ones({1})}}, {}}), CheckpointError);
    CHECK_THROWS_AS(train::write_safetensors(path, {{{"a", at::Tensor()}}, {}}), CheckpointError);
    CHECK_THROWS_AS(train::write_safetensors(path, {{{"a", at::ones({1}, at::kComplexFloat)}}, {}}), CheckpointError);
    CHECK_THROWS_AS(train::write_safetensors(path, {{{"\xff", at::ones({1})}}, {}}), CheckpointError);
    CHECK(files_in(folder.path()) == 0);
  }
}
