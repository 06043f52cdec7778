#include "runs/store.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fstream>

using namespace vaso::runs;

TEST_SUITE("unit") {
  TEST_CASE("SHA-256 of the examples of FIPS 180-4") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(
        sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrs"
               "tnopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }

  TEST_CASE("SHA-256 where the padding needs one block more") {
    CHECK(sha256(std::string(55, 'x')) == "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
    CHECK(sha256(std::string(56, 'x')) == "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
    CHECK(sha256(std::string(64, 'x')) == "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
  }

  TEST_CASE("a file has the digest of its bytes") {
    const vaso::tests::TemporaryFolder folder;
    const auto file = folder.path() / "weights.bin";
    std::string bytes(3'000'017, '\0');  // several reads and a rest
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
    std::ofstream(file, std::ios::binary) << bytes;
    CHECK(sha256_file(file) == sha256(bytes));
    CHECK_THROWS_WITH_AS(sha256_file(folder.path() / "none.bin"), doctest::Contains("No such file"), StoreError);
    CHECK_THROWS_WITH_AS(sha256_file(folder.path()), doctest::Contains("directory"), StoreError);
  }
}
