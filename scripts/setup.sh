#!/usr/bin/env bash
# setup.sh [bench]: installs the Debian packages of packages.txt (and of packages-bench.txt) that are missing;
# says nothing when none is. As root, or through sudo. Services that a package brings are not started.
. "$(dirname "$0")/common.sh"

lists=("$root/scripts/packages.txt")
case ${1:-} in
  '') ;;
  bench) lists+=("$root/scripts/packages-bench.txt") ;;
  *) die "there is no list of packages for $1" ;;
esac

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing=()
while read -r package; do
  installed "$package" || missing+=("$package")
done < <(grep -hv '^#' "${lists[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  die "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
fi

# invoke-rc.d asks this program whether it may start a service.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${as_root[@]}" rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
fi

install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
}

say "installing ${#missing[@]} packages: ${missing[*]}"
log=$(mktemp)
"${as_root[@]}" apt-get update -qq || die "apt-get update failed"
if ! install >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  die "apt-get could not install ${missing[*]}"
fi
rm -f "$log"
