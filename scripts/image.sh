#!/usr/bin/env bash
# image.sh [--output DIR] [--tag NAME:TAG]…: postern's container image, without a container engine.
#
# Builds postern (release) and writes, by default into build/image:
#   postern.tar        the image: `docker load`, `podman load`, `ctr images import`
#   postern.spdx.json  its bill of materials (SPDX 2.3)
#   digest             of its manifest; two runs over one program give the same
# $POSTERN_BINARY is taken instead of a build. Times in it are the commit's, or $SOURCE_DATE_EPOCH.
. "$(dirname "$0")/common.sh"

case ${1:-} in
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
program=${POSTERN_BINARY:-}
if [ -z "$program" ]; then
  "$root/scripts/setup.sh"
  program=$("$root/scripts/build.sh" release postern | tail -n 1)/postern
fi
case " $* " in
  *' --output '* | *' --root '*) ;;
  *) set -- --output "$(dirname "$program")/image" "$@" ;;
esac
exec /usr/bin/python3 -B "$root/scripts/image/build_image.py" --program "$program" "$@"
