#!/usr/bin/env bash
# test.sh [SUITE…]: installs what is missing, builds, and runs every test (or these suites).
# `test.sh --list` names the suites with their budgets. The last line sums up.
. "$(dirname "$0")/common.sh"

case ${1:-} in
  -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
esac
[ "${1:-}" = --list ] || "$root/scripts/setup.sh"
exec /usr/bin/python3 -B "$root/tests/run_suites.py" "$@"
