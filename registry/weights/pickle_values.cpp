// What the opcodes work on: the stack, and the values that they make.
#include "weights/pickle.hpp"

#include <limits>

namespace vaso::weights {

using Kind = Node::Kind;

Node& Unpickler::make(Node::Kind kind) {
  if (nodes_.size() == most_nodes) {
    complain_("byte {}: the pickle has more than {} values; this is no checkpoint of a network", opcode_at_,
              most_nodes);
  }
  Node& node = nodes_.emplace_back();
  node.kind = kind;
  return node;
}

Node& Unpickler::make_text(Node::Kind kind, std::uint64_t length) {
  const Bytes content = take(length);
  Node& node = make(kind);
  node.text = text_of(content);
  return node;
}

Node& Unpickler::make_integer(std::int64_t value) {
  Node& node = make(Kind::integer);
  node.integer = value;
  return node;
}

// Little-endian two's complement. What 64 bits do not hold stays bytes: PyTorch's magic number is such.
void Unpickler::long_integer(std::uint64_t length) {
  const Bytes content = take(length);
  if (length > sizeof(std::int64_t)) {
    Node& node = make(Kind::bytes);
    node.text = text_of(content);
    return push(node);
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < content.size(); ++i) value |= static_cast<std::uint64_t>(content[i]) << (8 * i);
  if (length > 0 && length < 8 && (static_cast<std::uint8_t>(content.back()) & 0x80) != 0) {
    value |= std::numeric_limits<std::uint64_t>::max() << (8 * length);
  }
  push(make_integer(static_cast<std::int64_t>(value)));
}

Bytes Unpickler::take(std::uint64_t count) {
  if (count > bytes_.size() - position_)
    complain_("byte {}: the pickle ends in the middle; copy the file again", opcode_at_);
  if (position_ + count - start_ > most_bytes) {
    complain_("byte {}: the pickle is longer than {} MiB; this is no checkpoint of a network", opcode_at_,
              most_bytes >> 20);
  }
  const Bytes taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

std::string_view Unpickler::take_line() {
  constexpr std::size_t longest = 512;
  const std::string_view rest = text_of(bytes_.subspan(position_)).substr(0, longest);
  const std::size_t end = rest.find('\n');
  if (end == rest.npos) complain_("byte {}: a global without end of its name", opcode_at_);
  return text_of(take(end + 1)).substr(0, end);
}

// A value may not be taken from below a mark: Python's own unpickler keeps a stack for each.
const Node& Unpickler::top() {
  if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) {
    complain_("byte {}: the pickle takes a value that it has not made; the file is damaged", opcode_at_);
  }
  return *stack_.back();
}

const Node& Unpickler::pop() {
  const Node& node = top();
  stack_.pop_back();
  return node;
}

// Every node on the stack was made here and is changed by this class alone.
Node& Unpickler::changeable_top() { return const_cast<Node&>(top()); }

std::vector<const Node*> Unpickler::pop_to_mark() {
  if (marks_.empty())
    complain_("byte {}: the pickle ends a list that it has not begun; the file is damaged", opcode_at_);
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const Node*> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void Unpickler::push_memo(std::uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) complain_("byte {}: the pickle refers to value {}, which it has not made", opcode_at_, key);
  push(*found->second);
}

void Unpickler::push_tuple(std::vector<const Node*> items) {
  Node& node = make(Kind::sequence);
  node.items = std::move(items);
  push(node);
}

// Few bytes of a pickle can ask for a long list to be copied, again and again.
void Unpickler::copy_items(Node& into, const std::vector<const Node*>& items) {
  copies_ += items.size();
  if (copies_ > most_copies) {
    complain_("byte {}: the pickle copies more than {} values; this is no checkpoint of a network", opcode_at_,
              most_copies);
  }
  into.items.insert(into.items.end(), items.begin(), items.end());
}

void Unpickler::append(std::vector<const Node*> items) {
  Node& list = changeable_top();
  if (list.kind == Kind::opaque) return;
  if (list.kind != Kind::sequence) complain_("byte {}: the pickle appends to what is no list", opcode_at_);
  list.items.insert(list.items.end(), items.begin(), items.end());
}

void Unpickler::set_items(std::vector<const Node*> pairs) {
  Node& dictionary = changeable_top();
  if ((dictionary.kind != Kind::dictionary && dictionary.kind != Kind::opaque) || pairs.size() % 2 != 0) {
    complain_("byte {}: the pickle sets items of what is no dictionary", opcode_at_);
  }
  dictionary.items.insert(dictionary.items.end(), pairs.begin(), pairs.end());
}

void Unpickler::push_global(std::string_view module, std::string_view name) {
  const auto global = pickle_global(module, name);
  if (!global) {
    complain_("byte {}: the pickle names {}.{}: {}.", opcode_at_, module, name, why_refused(module, name));
  }
  Node& node = make(Kind::global);
  node.global = *global;
  push(node);
}

void Unpickler::reduce() {
  const Node &arguments = pop(), &callable = pop();
  if (callable.kind == Kind::opaque) return push(make(Kind::opaque));
  if (callable.kind != Kind::global || arguments.kind != Kind::sequence) {
    complain_("byte {}: the pickle calls what is no function", opcode_at_);
  }
  const auto argument = [&](std::size_t i, Kind kind) -> const Node& {
    if (i >= arguments.items.size() || arguments.items[i]->kind != kind) {
      complain_("byte {}: the pickle makes a value of PyTorch from the wrong arguments", opcode_at_);
    }
    return *arguments.items[i];
  };
  switch (callable.global.meaning) {
    case Meaning::dictionary: {
      Node& node = make(Kind::dictionary);
      // Python 2 gives the items here, as [[key, value], …]. A defaultdict gives a type, which does not matter.
      if (!arguments.items.empty() && arguments.items[0]->kind == Kind::sequence) {
        for (const Node* pair : arguments.items[0]->items) {
          if (pair->kind != Kind::sequence || pair->items.size() != 2)
            complain_("byte {}: a dictionary made of what are no pairs", opcode_at_);
          copy_items(node, pair->items);
        }
      }
      return push(node);
    }
    case Meaning::tensor:
      return push(make_tensor(arguments));
    case Meaning::parameter:
      return push(argument(0, Kind::tensor));
    case Meaning::sizes:
      return push(argument(0, Kind::sequence));
    case Meaning::opaque:
      return push(make(Kind::opaque));
    case Meaning::storage:
      complain_("byte {}: the pickle makes a storage of its own, which is not read here", opcode_at_);
  }
}

const Node& Unpickler::make_tensor(const Node& arguments) {
  const auto& given = arguments.items;
  if (given.size() < 4 || given[0]->kind != Kind::storage || given[1]->kind != Kind::integer ||
      given[2]->kind != Kind::sequence || given[3]->kind != Kind::sequence) {
    complain_("byte {}: the pickle makes a tensor from the wrong arguments", opcode_at_);
  }
  Node& tensor = make(Kind::tensor);
  tensor.integer = given[1]->integer;
  tensor.items = {given[0], given[2], given[3]};
  return tensor;
}

// Attributes that are set on a value. Those of a state_dict are the versions of its modules, which nothing needs; those
// of a Namespace are the settings of a training.
void Unpickler::build() {
  const Node& state = pop();
  Node& target = changeable_top();
  if (target.kind == Kind::opaque && state.kind == Kind::dictionary) copy_items(target, state.items);
}

// ('storage', type, key, device, elements[, view]) → a storage.
void Unpickler::persistent() {
  const Node& id = pop();
  const auto& items = id.items;
  const bool whole = id.kind == Kind::sequence && items.size() >= 5 && items[0]->kind == Kind::text &&
                     items[0]->text == "storage" && items[1]->kind == Kind::global &&
                     items[1]->global.meaning == Meaning::storage && items[2]->kind == Kind::text &&
                     items[4]->kind == Kind::integer;
  if (!whole) complain_("byte {}: the pickle refers to something outside that is no storage of a tensor", opcode_at_);
  if (items.size() > 5 && items[5]->kind != Kind::none) {
    complain_("byte {}: a view of a storage, as PyTorch before 0.4 wrote; save the file again with a newer one",
              opcode_at_);
  }
  Node& storage = make(Kind::storage);
  storage.global = items[1]->global;
  storage.text = items[2]->text;
  storage.integer = items[4]->integer;
  storages_.push_back(&storage);
  push(storage);
}

}  // namespace vaso::weights
