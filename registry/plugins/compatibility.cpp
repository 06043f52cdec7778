// Field by field, as PostgreSQL's magic block is compared: a bare "version mismatch" helps nobody to mend it.
#include "plugins/card_reader.hpp"

#include <fmt/format.h>
#include <string_view>

namespace vaso::plugins {

std::vector<std::string> mismatches(const VasoCard& plugin, const VasoCard& host) {
  std::vector<std::string> faults;
  const auto compare = [&](std::string_view theirs, std::string_view ours, std::string_view how,
                           const std::string& cure) {
    if (theirs != ours)
      faults.push_back(fmt::format("{} {}, this host {} {}: {}", how, theirs.empty() ? "(not stated)" : theirs,
                                   how.substr(how.find(' ') + 1), ours, cure));
  };

  if (plugin.sdk != host.sdk)
    faults.push_back(fmt::format(
        "built for SDK {}, this host has SDK {}: rebuild the plugin with this VasoLab's headers{}", plugin.sdk,
        host.sdk, plugin.sdk > host.sdk ? fmt::format(", or use a VasoLab with SDK {}", plugin.sdk) : ""));
  else if (plugin.size != host.size)
    faults.push_back(
        fmt::format("its card has {} bytes, this host's {}, though both say SDK {}: rebuild the plugin with "
                    "this VasoLab's headers",
                    plugin.size, host.size, plugin.sdk));
  compare(plugin.compiler, host.compiler, "built by",
          fmt::format("rebuild the plugin with {}, or VasoLab with the plugin's compiler", host.compiler));
  if (plugin.standard != host.standard)
    faults.push_back(
        fmt::format("built with __cplusplus {}, this host with {}: set CMAKE_CXX_STANDARD to {} and rebuild "
                    "the plugin",
                    plugin.standard, host.standard, host.standard / 100 % 100));
  if (plugin.cxx11_abi != host.cxx11_abi)
    faults.push_back(
        fmt::format("built with _GLIBCXX_USE_CXX11_ABI={0}, this host with {1}: rebuild the plugin with "
                    "-D_GLIBCXX_USE_CXX11_ABI={1}",
                    plugin.cxx11_abi, host.cxx11_abi));
  compare(plugin.libtorch, host.libtorch, "built against LibTorch",
          "rebuild the plugin with Torch_DIR set to the host's LibTorch");
  compare(plugin.opencv, host.opencv, "built against OpenCV",
          "rebuild the plugin with OpenCV_DIR set to the host's OpenCV");
  compare(plugin.build, host.build, "built as",
          fmt::format("rebuild the plugin with CMAKE_BUILD_TYPE={}",
                      std::string_view(host.build) == "debug" ? "Debug" : "Release"));
  return faults;
}

}  // namespace vaso::plugins
