#!/usr/bin/env bash
# demo_helm.sh: builds postern and its image, starts a cluster with a node that runs containers, installs the
# chart there with helm, and walks through an access request. Needs root, for the node.
. "$(dirname "$0")/common.sh"

case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument $1" ;;
esac
say "packages"
"$root/scripts/setup.sh"
say "the test cluster's programs (built once, into $cache)"
timeout 3600 "$root/tests/cluster/build_tools.py" all
timeout 1800 "$root/scripts/build.sh" release postern >/dev/null
say "the image"
"$root/scripts/image.sh" --tag postern.test/postern:1
say "a control plane and a node: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, containerd"
exec /usr/bin/python3 -B "$root/tests/image/helm_story.py" "$root/build/image/postern.tar"
