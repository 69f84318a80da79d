#!/usr/bin/env bash
# tidy.sh [FILE…]: clang-tidy with the checks of .clang-tidy over these sources; without any, over those that
# differ from where the branch left main (on main: from the commit before). Prints what it finds, and nothing else.
. "$(dirname "$0")/common.sh"

changed() {
  local base
  base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  [ "$base" != "$(git rev-parse HEAD)" ] || base=HEAD~1
  git diff --name-only --diff-filter=d "$base" -- '*.cc' '*.h'
}

# A header is checked with the source of its name.
sources() {
  local file
  for file; do
    file=${file%.h}
    file=${file%.cc}.cc
    [ ! -e "$file" ] || echo "$file"
  done | sort -u
}

if [ $# -gt 0 ]; then
  mapfile -t named < <(realpath -- "$@")
else
  cd "$root"
  mapfile -t named < <(changed)
fi
mapfile -t files < <(sources "${named[@]}")
[ ${#files[@]} -gt 0 ] || exit 0

folder=$(build_folder debug)
[ -e "$folder/compile_commands.json" ] ||
  cmake -S "$root" -B "$folder" --preset debug --log-level=WARNING >&2
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "${POSTERN_JOBS:-$(nproc)}" clang-tidy-16 -p "$folder" --quiet \
    2> >(grep -v 'warnings\? generated' >&2)
