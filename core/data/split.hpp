// Divides records into training, validation and test sets, or keeps a few of them, without tearing patients apart.
//
// Consecutive frames of one run are almost the same picture, so frames of one patient on both sides of a split measure
// memory: what is divided here is groups (patients, or sequences), never frames. The draw is keyed by the group's name
// and the seed alone (data/philox.hpp): it is the same on every platform, and a group's luck does not depend on how the
// file system lists the others.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vaso::data {

using Shares = std::vector<std::pair<std::string, double>>;  // a split's name and its share; any unit

// The split of every element. groups: of every element; those of one group stay together, an element of group "" is a
// group of its own, keyed by its position. Sizes come so close to the shares that neither moving one group nor
// exchanging two would bring them closer (sum of absolute differences); but no split with a positive share stays empty
// while there are groups enough. Throws std::invalid_argument: a share that is negative or not finite, or none
// positive.
std::vector<std::string> split_by_group(const std::vector<std::string>& groups, const Shares& shares,
                                        std::uint64_t seed);

// Shares of train, val and test: what a data set's parameter of that name holds. Throws ParameterError unless there are
// three numbers from 0 up, not all 0.
Shares train_val_test(const std::vector<double>& shares, const std::string& parameter);

// Ascending indices of a subset of about `fraction` of the elements: whole groups as above, as near to
// fraction·size as a prefix of the seed's order of groups comes, at least one group. Nested: with the same groups and
// seed, a smaller fraction gives a subset of a larger one's. Throws std::invalid_argument: fraction outside (0, 1].
std::vector<std::int64_t> label_fraction(const std::vector<std::string>& groups, double fraction, std::uint64_t seed);

}  // namespace vaso::data
