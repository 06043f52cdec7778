#include "data/philox.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <set>
#include <vector>

using vaso::Philox;
using vaso::philox4x32;
using vaso::random_key;

TEST_SUITE("unit") {
  TEST_CASE("philox4x32-10 gives the authors' known answers") {  // Random123, tests/kat_vectors
    using Words = std::array<std::uint32_t, 4>;
    CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  }

  TEST_CASE("a stream walks through the blocks of its counter") {
    Philox stream(0);
    for (std::uint32_t block = 0; block < 3; ++block) {
      for (const std::uint32_t word : philox4x32({block, 0, 0, 0}, {0, 0})) CHECK(stream() == word);
    }
  }

  TEST_CASE("keys differ by seed, purpose and every number, and not by the order of use") {
    const std::set<std::uint64_t> keys{random_key(1, "crop"),          random_key(2, "crop"),
                                       random_key(1, "flip"),          random_key(1, "crop", 1),
                                       random_key(1, "crop", 0, 1),    random_key(1, "crop", 0, 0, 1),
                                       random_key(1, "crop", 2, 1, 0), random_key(1, "crop", 1, 2, 0)};
    CHECK(keys.size() == 8);
    CHECK(random_key(1, "crop", 3) == random_key(1, "crop", 3));
  }

  TEST_CASE("below is even over its range") {
    Philox random(random_key(7, "test"));
    std::vector<int> seen(5);
    for (int i = 0; i < 50'000; ++i) ++seen[random.below(5)];
    for (const int n : seen) CHECK(n == doctest::Approx(10'000).epsilon(0.05));
    CHECK(random.below(1) == 0);
  }

  TEST_CASE("uniform and normal have the right moments") {
    Philox random(random_key(8, "test"));
    double sum = 0, squares = 0, evenly = 0;
    const int n = 100'000;
    for (int i = 0; i < n; ++i) {
      const double z = random.normal();
      sum += z;
      squares += z * z;
      const double u = random.uniform(2, 4);
      CHECK_UNARY(u >= 2 && u < 4);
      evenly += u;
    }
    CHECK(std::abs(sum / n) < 0.02);
    CHECK(squares / n == doctest::Approx(1).epsilon(0.03));
    CHECK(evenly / n == doctest::Approx(3).epsilon(0.01));
  }
}
