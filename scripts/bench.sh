#!/usr/bin/env bash
# Builds the release preset and runs every benchmark of tests/bench, one after the other. Each prints
# ratios to a baseline that it measures in the same run.
. "$(dirname "$0")/common.sh"

"$root/scripts/setup.sh" bench
folder=$("$root/scripts/build.sh" release | tail -n 1)
found=0
for bench in "$folder"/tests/bench/*_bench "$root"/tests/bench/*_bench.py "$root"/tests/bench/*_bench.sh; do
  [ -x "$bench" ] || continue
  found=1
  say "$(basename "$bench")"
  POSTERN_BINARY=$folder/postern timeout 900 "$bench" "$@"
done
[ $found = 1 ] || die "no benchmark was built in $folder/tests/bench"
