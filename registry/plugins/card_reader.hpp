// Reads a plugin's card from its file, before anything is loaded.
#pragma once

#include "sdk/card.h"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::plugins {

// The card as text, or why there is none.
struct CardResult {
  bool found = false;
  VasoCard card{};
  std::string why;  // "is no ELF library", "has no .vaso_plugin section: not a VasoLab plugin", "card is cut short", …
};
CardResult read_card(const std::filesystem::path& library);

// What this build of the host accepts. LibTorch and OpenCV versions are those the host was compiled with.
VasoCard host_card();

// One sentence per field that does not fit, naming both sides' values and the cure; empty = it fits.
std::vector<std::string> mismatches(const VasoCard& plugin, const VasoCard& host);

}  // namespace vaso::plugins
