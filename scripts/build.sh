#!/usr/bin/env bash
# build.sh [PRESET [TARGET…]]: builds a CMake preset, by default `release` into build/postern.
# The other presets (debug, asan, tsan, fuzz) have build-PRESET; prints the folder at the end.
. "$(dirname "$0")/common.sh"

preset=${1:-release}
shift || true
folder=$(build_folder "$preset")
[ "$preset" != release ] || say "building postern (release) in ${folder#"$root"/}"
cmake -S "$root" -B "$folder" --preset "$preset" --log-level=WARNING >&2
cmake --build "$folder" --parallel "${POSTERN_JOBS:-$(nproc)}" ${1:+--target "$@"} >&2
echo "$folder"
