// Reads Python's pickles as far as checkpoints of networks need, and executes nothing: a global is a word out of a
// short list, and "calling" one only notes what it was called with. Source of the opcodes: CPython, Lib/pickletools.py
// (protocols 2 to 5); of the persistent ids: PyTorch, torch/serialization.py.
#pragma once

#include "weights/mapped_file.hpp"
#include "weights/pickle_globals.hpp"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vaso::weights {

// A value of a pickle. Nodes may refer to each other in circles, as Python's lists may: whoever walks them counts.
struct Node {
  enum class Kind { none, boolean, integer, real, text, bytes, sequence, dictionary, global, storage, tensor, opaque };
  Kind kind = Kind::none;
  PickleGlobal global = {};  // global; a storage's type
  std::int64_t integer = 0;  // boolean, integer; elements of a storage; offset of a tensor, in elements
  double real = 0;
  std::string_view text;           // text, bytes; key of a storage. In the mapped file
  std::vector<const Node*> items;  // sequence; dictionary and attributes of an opaque value: key, value, key, …;
                                   // tensor: storage, sizes, strides
};

class Unpickler {
 public:
  // Offsets in messages are those in `bytes`.
  Unpickler(Bytes bytes, const Complaint& complain) : bytes_(bytes), complain_(complain) {}

  // The pickle at position(), which then stands behind it. The node lives as long as this object. Throws through
  // `complain` where an opcode or a global is not one that checkpoints need, and where the pickle is damaged.
  const Node& load();
  std::size_t position() const { return position_; }
  // All that were named so far, each as often as it was named.
  const std::vector<const Node*>& storages() const { return storages_; }

 private:
  // Beyond these it is no checkpoint; they bound the memory that a small file can ask for.
  static constexpr std::size_t most_nodes = std::size_t{1} << 22;
  static constexpr std::size_t most_copies = std::size_t{1} << 24;
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  Node& make(Node::Kind kind);
  Node& make_text(Node::Kind kind, std::uint64_t length);
  Node& make_integer(std::int64_t value);
  void long_integer(std::uint64_t length);

  Bytes take(std::uint64_t count);
  template <class Number>
  Number take_number();
  std::string_view take_line();

  void push(const Node& node) { stack_.push_back(&node); }
  const Node& pop();
  const Node& top();
  Node& changeable_top();
  std::vector<const Node*> pop_to_mark();

  void step(std::uint8_t opcode);
  bool push_constant(std::uint8_t opcode);
  bool remember(std::uint8_t opcode);
  bool collect(std::uint8_t opcode);
  void push_memo(std::uint64_t key);
  void push_tuple(std::vector<const Node*> items);
  void copy_items(Node& into, const std::vector<const Node*>& items);
  void append(std::vector<const Node*> items);
  void set_items(std::vector<const Node*> pairs);
  void push_global(std::string_view module, std::string_view name);
  void reduce();
  void build();
  void persistent();
  const Node& make_tensor(const Node& arguments);

  Bytes bytes_;
  const Complaint& complain_;
  std::size_t position_ = 0, start_ = 0, opcode_at_ = 0, copies_ = 0;
  std::deque<Node> nodes_;
  std::vector<const Node*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, const Node*> memo_;
  std::vector<const Node*> storages_;
};

}  // namespace vaso::weights
