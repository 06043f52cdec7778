#include "weights/pickle_globals.hpp"

#include <algorithm>
#include <array>

namespace vaso::weights {
namespace {

struct Named {
  std::string_view module, name;
  PickleGlobal global;
};

constexpr PickleGlobal storage(Type type) { return {Meaning::storage, type}; }

constexpr Named known[] = {
    {"collections", "OrderedDict", {Meaning::dictionary}},
    {"collections", "defaultdict", {Meaning::dictionary}},
    {"torch._utils", "_rebuild_tensor_v2", {Meaning::tensor}},
    {"torch._utils", "_rebuild_tensor", {Meaning::tensor}},
    {"torch._utils", "_rebuild_parameter", {Meaning::parameter}},
    {"torch._utils", "_rebuild_parameter_with_state", {Meaning::parameter}},
    {"torch", "Size", {Meaning::sizes}},
    {"torch", "DoubleStorage", storage(Type::f64)},
    {"torch", "FloatStorage", storage(Type::f32)},
    {"torch", "HalfStorage", storage(Type::f16)},
    {"torch", "BFloat16Storage", storage(Type::bf16)},
    {"torch", "LongStorage", storage(Type::i64)},
    {"torch", "IntStorage", storage(Type::i32)},
    {"torch", "ShortStorage", storage(Type::i16)},
    {"torch", "CharStorage", storage(Type::i8)},
    {"torch", "ByteStorage", storage(Type::u8)},
    {"torch", "BoolStorage", storage(Type::boolean)},
};

// Stand beside the weights in training checkpoints and hold settings and counters.
constexpr std::pair<std::string_view, std::string_view> opaque[] = {
    {"argparse", "Namespace"},
    {"types", "SimpleNamespace"},
    {"collections", "Counter"},
    {"collections", "deque"},
    {"_codecs", "encode"},
    {"copyreg", "_reconstructor"},
    {"copy_reg", "_reconstructor"},
    {"datetime", "datetime"},
    {"pathlib", "Path"},
    {"pathlib", "PosixPath"},
    {"pathlib", "PurePosixPath"},
    {"pathlib", "WindowsPath"},
    {"typing", "Any"},
    {"numpy", "dtype"},
    {"numpy", "ndarray"},
    {"numpy.core.multiarray", "scalar"},
    {"numpy.core.multiarray", "_reconstruct"},
    {"numpy._core.multiarray", "scalar"},
    {"numpy._core.multiarray", "_reconstruct"},
    {"torch", "device"},
    {"torch.serialization", "_get_layout"},
    {"easydict", "EasyDict"},
    {"yacs.config", "CfgNode"},
    {"fvcore.common.config", "CfgNode"},
    {"addict.addict", "Dict"},
    {"mmcv.utils.config", "ConfigDict"},
};

constexpr std::string_view plain_types[] = {"set",   "frozenset", "int",   "float",   "bool",   "str",      "list",
                                            "tuple", "dict",      "bytes", "complex", "object", "bytearray"};

constexpr std::string_view tensor_types[] = {"float64", "float32", "float16", "bfloat16", "int64",
                                             "int32",   "int16",   "int8",    "uint8",    "bool"};

// Modules through which a pickle runs programs, opens connections or evaluates Python.
constexpr std::string_view dangerous[] = {
    "os",       "posix",     "nt",     "subprocess", "sys",      "builtins", "__builtin__", "importlib",
    "runpy",    "socket",    "shutil", "ctypes",     "commands", "pty",      "webbrowser",  "code",
    "operator", "functools", "pickle", "marshal",    "types",    "urllib",   "requests",    "asyncio"};

template <class Container, class Value>
bool holds(const Container& all, const Value& one) {
  return std::find(std::begin(all), std::end(all), one) != std::end(all);
}

bool is_builtin(std::string_view module) { return module == "builtins" || module == "__builtin__"; }

}  // namespace

std::optional<PickleGlobal> pickle_global(std::string_view module, std::string_view name) {
  for (const Named& each : known) {
    if (each.module == module && each.name == name) return each.global;
  }
  const bool data = holds(opaque, std::pair(module, name)) || (is_builtin(module) && holds(plain_types, name)) ||
                    (module == "torch" && holds(tensor_types, name)) || module.starts_with("omegaconf.");
  return data ? std::optional(PickleGlobal{Meaning::opaque}) : std::nullopt;
}

std::string why_refused(std::string_view module, std::string_view name) {
  const std::string_view root = module.substr(0, module.find('.'));
  if (holds(dangerous, root)) {
    return "weights never need it, and Python would call it when it loads this file. Nothing was run here; do not open "
           "the file with torch.load either, and get the weights from their publisher";
  }
  if (module == "torch._utils") {
    return "it makes a quantised, sparse or otherwise special tensor, which is not read here. Save plain tensors: "
           "torch.save({k: v.float().contiguous() for k, v in state.items()}, FILE)";
  }
  if (module == "torch" && name.ends_with("Storage")) {
    return "tensors of that type are not read here. Convert them to float32 first";
  }
  return "it is a class of the program that wrote the file, which pickled more than weights. Where you trust it, load "
         "it in that program and save the weights alone: torch.save(model.state_dict(), FILE)";
}

}  // namespace vaso::weights
