#!/usr/bin/env bash
# demo.sh [--keep]: installs, builds, starts a real control plane and postern in front of it, and walks through
# what erin may do at once, and how alice asks for access, gets it from bob and carol, and loses it again. What is
# shown is checked, too. On a terminal, or with --keep, everything stays up until Ctrl-C.
#
# With KUBECONFIG set, that cluster is used instead: its user must be allowed to impersonate. The demo works in two
# namespaces of its own there, postern-demo and postern-demo-prod, for a group of its own; all goes at the end.
. "$(dirname "$0")/common.sh"
keep=no
[ -t 0 ] && [ -t 1 ] && keep=yes
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument $1" ;;
esac

given=${KUBECONFIG:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-demo.XXXXXX")
chmod 711 "$work" # commands in pods of kwok run as nobody
proxy=''
background=() # other processes of ours; all are ended by their ids
for part in cluster proxy steps static administer ask review work kubectl; do
  . "$root/scripts/demo/$part.sh"
done

end() {
  trap - EXIT INT TERM
  for pid in "${background[@]}" $proxy; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  end_cluster
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "packages"
"$root/scripts/setup.sh"
say "the test cluster's programs (built once, into $cache)"
build_programs
start_cluster
start_postern

cd "$work"
static_access
administer
ask
review
work_with_it
kubectl_alone
echo
if [ "$failed" != 0 ]; then
  echo "postern's log:" >&2
  tail -n 20 "$work/postern.log" >&2
  die "something above was not as it should be"
fi
say "all of it was as it should be"
[ "$keep" = yes ] || exit 0

cat <<TEXT

postern keeps running until Ctrl-C. In another terminal:

  export PATH=$root/build:$(dirname "$kubectl"):\$PATH
  HOME=$work/homes/alice KUBECONFIG=$work/homes/alice/.kube/config bash      # or bob, carol, admin, erin

  the cluster, directly:   KUBECONFIG=$admin_kubeconfig
  erin's roles (edit them):   $work/roles.yaml
  log and metrics:   $work/postern.log   http://127.0.0.1:$admin_port/metrics
TEXT
wait "$proxy"
