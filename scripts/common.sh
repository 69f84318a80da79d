# Sourced by the other scripts: where things are, and how progress is shown.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME

# What is kept between runs lives outside of the tree: compiled objects, the test cluster's programs.
cache=${POSTERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
export POSTERN_CACHE=$cache
export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
# Another clone of the same sources finds the same objects.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
export GOFLAGS=${GOFLAGS:-} PYTHONDONTWRITEBYTECODE=1
mkdir -p "$cache"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' dim='' plain=''
fi

say() { printf '%s==>%s %s\n' "$bold" "$plain" "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The folder in which a preset is built. Inside of the tree, so that its paths to the sources are the
# same in every clone, which then finds the objects of others in ccache.
build_folder() {
  case $1 in
    release) echo "$root/build" ;;
    *) echo "$root/build-$1" ;;
  esac
}
