// Manual pages for man(1), made from what the verbs say of themselves.
#pragma once

#include "verbs.hpp"

#include <string>
#include <string_view>

namespace vaso::cli {

// "vaso-study-run" for "study run": the name of its page in section 1.
std::string page_name(std::string_view verb);

std::string overview_page();              // vaso(1)
std::string verb_page(const Verb& verb);  // vaso-study-run(1)

}  // namespace vaso::cli
