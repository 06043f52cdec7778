#include "weights/pickle.hpp"

namespace vaso::weights {
namespace {

using Kind = Node::Kind;

enum Opcode : std::uint8_t {
  MARK = '(',
  STOP = '.',
  POP = '0',
  POP_MARK = '1',
  BINFLOAT = 'G',
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  NONE = 'N',
  BINPERSID = 'Q',
  REDUCE = 'R',
  BINSTRING = 'T',
  SHORT_BINSTRING = 'U',
  BINUNICODE = 'X',
  EMPTY_LIST = ']',
  APPEND = 'a',
  BUILD = 'b',
  GLOBAL = 'c',
  APPENDS = 'e',
  BINGET = 'h',
  LONG_BINGET = 'j',
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  SETITEM = 's',
  TUPLE = 't',
  SETITEMS = 'u',
  EMPTY_DICT = '}',
  EMPTY_TUPLE = ')',
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
  LONG4 = 0x8b,
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  BINBYTES8 = 0x8e,
  EMPTY_SET = 0x8f,
  ADDITEMS = 0x90,
  FROZENSET = 0x91,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,
};

}  // namespace

template <class Number>
Number Unpickler::take_number() {
  return number_at<Number>(take(sizeof(Number)), 0);
}

const Node& Unpickler::load() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  start_ = position_;
  for (;;) {
    opcode_at_ = position_;
    const auto opcode = take_number<std::uint8_t>();
    if (opcode == STOP) return pop();
    step(opcode);
  }
}

void Unpickler::step(std::uint8_t opcode) {
  if (push_constant(opcode) || remember(opcode) || collect(opcode)) return;
  switch (opcode) {
    case PROTO:
      if (const auto protocol = take_number<std::uint8_t>(); protocol > 5) {
        complain_("byte {}: a pickle of protocol {}; 2 to 5 are read", opcode_at_, protocol);
      }
      return;
    case FRAME:
      take(8);
      return;
    case GLOBAL: {
      const std::string_view module = take_line();
      return push_global(module, take_line());
    }
    case STACK_GLOBAL: {
      const Node &name = pop(), &module = pop();
      if (name.kind != Kind::text || module.kind != Kind::text) complain_("byte {}: a global without name", opcode_at_);
      return push_global(module.text, name.text);
    }
    case REDUCE:
    case NEWOBJ:
      return reduce();
    case BUILD:
      return build();
    case BINPERSID:
      return persistent();
    default:
      complain_(
          "byte {}: pickle opcode 0x{:02x} is none that checkpoints need. The file is damaged, or no checkpoint of a "
          "network",
          opcode_at_, opcode);
  }
}

// Opcodes that put a value of their own on the stack.
bool Unpickler::push_constant(std::uint8_t opcode) {
  switch (opcode) {
    case NONE:
      push(make(Kind::none));
      return true;
    case NEWTRUE:
    case NEWFALSE: {
      Node& node = make(Kind::boolean);
      node.integer = opcode == NEWTRUE ? 1 : 0;
      push(node);
      return true;
    }
    case BININT:
      push(make_integer(take_number<std::int32_t>()));
      return true;
    case BININT1:
      push(make_integer(take_number<std::uint8_t>()));
      return true;
    case BININT2:
      push(make_integer(take_number<std::uint16_t>()));
      return true;
    case LONG1:
      long_integer(take_number<std::uint8_t>());
      return true;
    case LONG4:
      long_integer(take_number<std::uint32_t>());
      return true;
    case BINFLOAT: {  // the one big-endian number of the format
      Node& node = make(Kind::real);
      node.real = std::bit_cast<double>(__builtin_bswap64(take_number<std::uint64_t>()));
      push(node);
      return true;
    }
    case SHORT_BINUNICODE:
      push(make_text(Kind::text, take_number<std::uint8_t>()));
      return true;
    case BINUNICODE:
      push(make_text(Kind::text, take_number<std::uint32_t>()));
      return true;
    case BINUNICODE8:
      push(make_text(Kind::text, take_number<std::uint64_t>()));
      return true;
    case SHORT_BINSTRING:  // Python 2's strings: names, too
      push(make_text(Kind::text, take_number<std::uint8_t>()));
      return true;
    case BINSTRING:
      push(make_text(Kind::text, take_number<std::uint32_t>()));
      return true;
    case SHORT_BINBYTES:
      push(make_text(Kind::bytes, take_number<std::uint8_t>()));
      return true;
    case BINBYTES:
      push(make_text(Kind::bytes, take_number<std::uint32_t>()));
      return true;
    case BINBYTES8:
      push(make_text(Kind::bytes, take_number<std::uint64_t>()));
      return true;
    case EMPTY_TUPLE:
    case EMPTY_LIST:
      push(make(Kind::sequence));
      return true;
    case EMPTY_DICT:
      push(make(Kind::dictionary));
      return true;
    case EMPTY_SET:
      push(make(Kind::opaque));
      return true;
    default:
      return false;
  }
}

bool Unpickler::remember(std::uint8_t opcode) {
  switch (opcode) {
    case BINPUT:
      memo_[take_number<std::uint8_t>()] = &top();
      return true;
    case LONG_BINPUT:
      memo_[take_number<std::uint32_t>()] = &top();
      return true;
    case MEMOIZE:
      memo_.emplace(memo_.size(), &top());
      return true;
    case BINGET:
      push_memo(take_number<std::uint8_t>());
      return true;
    case LONG_BINGET:
      push_memo(take_number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

// Opcodes that move what is on the stack into a collection.
bool Unpickler::collect(std::uint8_t opcode) {
  switch (opcode) {
    case MARK:
      marks_.push_back(stack_.size());
      return true;
    case POP:
      pop();
      return true;
    case POP_MARK:
      pop_to_mark();
      return true;
    case TUPLE:
      push_tuple(pop_to_mark());
      return true;
    case TUPLE1:
      push_tuple({&pop()});
      return true;
    case TUPLE2: {
      const Node &second = pop(), &first = pop();
      push_tuple({&first, &second});
      return true;
    }
    case TUPLE3: {
      const Node &third = pop(), &second = pop(), &first = pop();
      push_tuple({&first, &second, &third});
      return true;
    }
    case APPEND:
      append({&pop()});
      return true;
    case APPENDS:
      append(pop_to_mark());
      return true;
    case SETITEM: {
      const Node &value = pop(), &key = pop();
      set_items({&key, &value});
      return true;
    }
    case SETITEMS:
      set_items(pop_to_mark());
      return true;
    case ADDITEMS:  // members of a set: no weights
      pop_to_mark();
      changeable_top();
      return true;
    case FROZENSET:
      pop_to_mark();
      push(make(Kind::opaque));
      return true;
    default:
      return false;
  }
}

}  // namespace vaso::weights
