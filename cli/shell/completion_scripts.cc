#include "cli/shell/completion_scripts.h"

namespace postern::cli {

const char* const kBashCompletion = R"(# bash completion for postern
_postern() {
  local line directive=0 value current words
  # Words as they were typed: host:port and key=value are one.
  words="${COMP_LINE:0:COMP_POINT}"
  read -r -a words <<<"$words"
  [[ "${COMP_LINE:COMP_POINT-1:1}" == [[:space:]] ]] && words+=("")
  current="${words[${#words[@]}-1]}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ "$line" == :* && "$line" != *[!:0-9]* ]]; then
      directive="${line#:}"
    else
      # What bash puts into the line it runs: names come from the server.
      printf -v value %q "${line%%$'\t'*}"
      COMPREPLY+=("$value")
    fi
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  # bash replaces what stands behind the last break only.
  if [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local head="${current%"${current##*:}"}" i
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]="${COMPREPLY[i]#"$head"}"; done
  fi
  if (( directive & 2 )); then compopt -o nospace 2>/dev/null; fi
  if (( ${#COMPREPLY[@]} == 0 && (directive & 4) == 0 )); then compopt -o default 2>/dev/null; fi
}
complete -F _postern postern
)";

const char* const kZshCompletion = R"(#compdef postern
# zsh completion for postern
_postern() {
  local line value directive=0
  local -a candidates
  while IFS= read -r line; do
    if [[ "$line" == :<-> ]]; then
      directive="${line#:}"
    else
      value="${line%%$'\t'*}"
      value="${value//:/\\:}"
      if [[ "$line" == *$'\t'* ]]; then value+=":${line#*$'\t'}"; fi
      candidates+=("$value")
    fi
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#candidates} )); then
    if (( directive & 2 )); then _describe -V postern candidates -S ''; else _describe -V postern candidates; fi
  elif (( (directive & 4) == 0 )); then
    _files
  fi
}
if [[ "$funcstack[1]" == "_postern" ]]; then _postern "$@"; else compdef _postern postern; fi
)";

// fish takes a description behind a tab by itself, and puts no space behind a `/`.
const char* const kFishCompletion = R"(# fish completion for postern
function __postern_candidates
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l directive 0
    set -l candidates
    for line in ($program __complete $words "$current" 2>/dev/null)
        if string match -qr '^:[0-9]+$' -- $line
            set directive (string sub -s 2 -- $line)
        else
            set -a candidates $line
        end
    end
    if set -q candidates[1]
        string join -- \n $candidates
    else if test (math "floor($directive / 4) % 2") -eq 0
        __fish_complete_path $current
    end
end
complete -c postern -e
complete -c postern -f -a '(__postern_candidates)'
)";

}  // namespace postern::cli
