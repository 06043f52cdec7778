// vaso completion: what a shell loads, and the answers that it then asks for.
#include "completion_words.hpp"
#include "exit_codes.hpp"
#include "help.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::cli {
namespace {

// Both scripts ask the program that stands on the line, so that an updated one is completed as it is now. An answer is
// a line for each candidate, its meaning behind a tab; ":files .toml" and ":folders" are left to the shell, which knows
// about ~ and quotes.
constexpr const char* bash_script = R"sh(# Completion of vaso for bash. To try it:  source <(vaso completion bash)
# For good, where the package bash-completion is:
#   vaso completion bash > ~/.local/share/bash-completion/completions/vaso
_vaso() {
  local program="${COMP_WORDS[0]/#\~/$HOME}" word glue='' line suffix
  local -a words=()
  COMPREPLY=()
  # bash divides words at "=".
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ( $word == '=' || -n $glue ) ]]; then
      words[-1]+="$word"
    else
      words+=("$word")
    fi
    [[ $word == '=' ]] && glue=1 || glue=''
  done
  local current="${words[-1]}"
  local kept="${current%"${current##*=}"}"  # up to the last "=": bash replaces what is behind it
  [[ $COMP_WORDBREAKS == *=* ]] || kept=''
  local typed="${current#"$kept"}"
  while IFS= read -r line; do
    case "$line" in
      ':folders')
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$typed")
        ;;
      ':files'*)
        suffix="${line#:files }"
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do
          [[ -d $word || $word == *"$suffix" ]] && COMPREPLY+=("$word")
        done < <(compgen -f -- "$typed")
        ;;
      *)
        line="${line%%$'\t'*}"
        [[ $line == *= ]] && compopt -o nospace 2>/dev/null
        COMPREPLY+=("${line#"$kept"}")
        ;;
    esac
  done < <("$program" completion words -- "${words[@]}" 2>/dev/null)
}
complete -F _vaso vaso
)sh";

constexpr const char* zsh_script = R"sh(#compdef vaso
# Completion of vaso for zsh. To try it:  source <(vaso completion zsh)
# For good, in a folder of $fpath:  vaso completion zsh > ~/.zsh/_vaso
_vaso() {
  local line suffix word meaning
  local -a typed open closed
  typed=("${(@Q)words[2,CURRENT]}")
  for line in "${(@f)$(${~words[1]} completion words -- "${typed[@]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      ':folders') _files -/ ;;
      ':files') _files ;;
      ':files '*) suffix="${line#:files }"; _files -g "*$suffix(-.)" ;;
      *)
        word="${${line%%$'\t'*}//:/\\:}"
        meaning="${line#*$'\t'}"
        [[ $meaning == "$line" ]] || word+=":$meaning"
        if [[ ${line%%$'\t'*} == *= ]]; then open+=("$word"); else closed+=("$word"); fi
        ;;
    esac
  done
  if (( $#open )); then _describe -V vaso open -S ''; fi
  if (( $#closed )); then _describe -V vaso closed; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _vaso "$@"
else
  compdef _vaso vaso
fi
)sh";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int answer(const Arguments& words) {
  const Completions completions = complete(words);
  for (const Completions::Candidate& each : completions.candidates) {
    fmt::print("{}{}{}\n", each.word, each.meaning.empty() ? "" : "\t", first_line(each.meaning));
  }
  for (const std::string& suffix : completions.suffixes) fmt::print(":files{}{}\n", suffix.empty() ? "" : " ", suffix);
  if (completions.folders) fmt::print(":folders\n");
  return exit_ok;
}

}  // namespace

int completion(const Arguments& arguments) {
  // What is completed may be half typed and begin with "-": it is not this verb's command line.
  if (arguments.size() >= 2 && arguments[0] == "words" && arguments[1] == "--") {
    return answer({arguments.begin() + 2, arguments.end()});
  }
  std::vector<std::string> words;
  std::string file;
  CommandLine line("completion", "bash|zsh [options]",
                   "Prints what makes a shell complete the words of vaso when Tab is pressed: verbs, options, their\n"
                   "values, experiment files, numbers of runs, names of studies and components.\n"
                   "`vaso completion words -- WORD…` is what it asks then; other shells may ask it too.");
  line.words(words, 1, 1, "a shell: bash or zsh").choices({"bash", "zsh"});
  line.value(file, "out", "FILE", "where to write it (default: standard output)");
  line.example("source <(vaso completion bash)", "in this shell; the same line in ~/.bashrc for all")
      .example("vaso completion zsh > ~/.zsh/_vaso", "where ~/.zsh is in fpath");
  if (!line.parse(arguments)) return exit_ok;
  const std::string& shell = words.front();
  if (shell != "bash" && shell != "zsh") {
    throw UsageError(with_suggestion(fmt::format("there is no completion for `{}`", shell), shell, {"bash", "zsh"}));
  }
  const char* const script = shell == "bash" ? bash_script : zsh_script;
  if (file.empty()) {
    fmt::print("{}", script);
  } else {
    write_document(file, script);
  }
  return exit_ok;
}

}  // namespace vaso::cli
