#include "manual_page.hpp"

#include "revision.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::cli {
namespace {

// Text as roff takes it: backslashes and hyphens are escaped, so that options can be copied, and a line that begins
// like a request does not become one. Characters beyond ASCII are named by their code.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '\'') {
      result += "\\(aq";
    } else if (c == '`') {
      result += "\\(ga";
    } else if (c == '~') {
      result += "\\(ti";
    } else if (c == '^') {
      result += "\\(ha";
    } else if (c < 0x80) {
      result += text[i];
    } else {
      const int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
      unsigned code = c & (0x3F >> more);
      for (int k = 0; k < more && i + 1 < text.size(); ++k)
        code = code << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F);
      result += fmt::format("\\[u{:04X}]", code);
    }
  }
  return result;
}

std::string heading(std::string_view name, std::string_view summary) {
  std::string title(name);
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
  return fmt::format(".TH {} 1 \"\" \"VasoLab {}\" \"VasoLab\"\n.SH NAME\n{} \\- {}\n", title, source_version,
                     roff(name), roff(summary));
}

std::string tagged(std::string_view tag, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", tag, text.empty() ? "\\&" : roff(text));
}

constexpr const char* environment = R"(.SH ENVIRONMENT
.TP
.B VASO_HOME
folder of the run database and of the runs, where \fB\-\-home\fR does not name one
.TP
.B VASO_PLUGIN_PATH
folders where plugins are looked for, separated by colons
.TP
.B NO_COLOR
set and not empty: no colours
)";

constexpr const char* exit_status = R"(.SH EXIT STATUS
0 all is well;
1 something without a code of its own, such as a database that cannot be opened;
2 usage;
3 configuration;
4 plugin;
5 a run failed (the others of its study still run);
6 interrupted;
7
.B vaso table \-\-strict
found a difference.
)";

}  // namespace

std::string page_name(std::string_view verb) {
  std::string name = fmt::format("vaso-{}", verb);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string overview_page() {
  std::string page = heading("vaso", "pre-trains vision encoders on X-ray angiograms and measures what that is worth");
  page += ".SH SYNOPSIS\n.B vaso\n.I VERB\n[options]\n.SH DESCRIPTION\n";
  page += roff(
      "Everything a researcher wants to swap is a plugin, an experiment is a TOML file, and every run goes into a "
      "database, from which tables are printed. Each verb explains itself: `vaso VERB --help`.\n");
  page += ".SH VERBS\n";
  for (const Verb& verb : all_verbs()) {
    page += fmt::format(".TP\n.BR {} (1)\n{}\n", roff(page_name(verb.name)), roff(verb.summary));
  }
  return page + environment + exit_status;
}

std::string verb_page(const Verb& verb) {
  const VerbDescription text = describe(verb.call);
  std::string page = heading(page_name(verb.name), verb.summary);
  page += fmt::format(".SH SYNOPSIS\n.B vaso {}\n{}\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n", roff(text.verb),
                      roff(text.synopsis), roff(text.meaning));
  for (const VerbDescription::Option& option : text.options) {
    std::string tag = fmt::format("\\fB{}\\fR", roff("--" + option.name));
    if (!option.placeholder.empty()) tag += fmt::format(" \\fI{}\\fR", roff(option.placeholder));
    page += tagged(tag, option.meaning);
  }
  page += tagged("\\fB\\-\\-help\\fR", "explains the verb");
  if (!text.examples.empty()) page += ".SH EXAMPLES\n";
  for (const VerbDescription::Example& example : text.examples) {
    page += tagged(fmt::format("\\fB{}\\fR", roff(example.command)), example.meaning);
  }
  return page + environment + exit_status + ".SH SEE ALSO\n.BR vaso (1)\n";
}

}  // namespace vaso::cli
