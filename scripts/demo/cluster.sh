# Sourced by demo.sh: the programs, and the cluster: one of our own, or the one that KUBECONFIG names.
# Sets kubectl, postern, admin_kubeconfig, postern_kubeconfig, namespace, prod, group.

given_objects=() # what was made in a given cluster, to be deleted at the end

build_programs() {
  timeout --foreground 3600 "$root/tests/cluster/build_tools.py" cluster dynamic-client
  timeout --foreground 1800 "$root/scripts/build.sh" release postern >/dev/null
  postern=$root/build/postern
  kubectl=$(program kubectl)
  PATH=$(dirname "$kubectl"):$PATH
}

program() { "$root/tests/cluster/build_tools.py" --path "$1"; }

# kubectl as the cluster's administrator, past postern.
admin_kubectl() { KUBECONFIG=$admin_kubeconfig "$kubectl" --cache-dir "$work/cache" "$@"; }

start_cluster() {
  if [ -n "$given" ]; then
    use_given_cluster
  else
    start_own_cluster
  fi
}

start_own_cluster() {
  say "a control plane: etcd, kube-apiserver, kube-controller-manager, and kwok for the node"
  timeout 180 "$root/tests/cluster/cluster.py" up --dir "$work/cluster" --with-pid $$ >/dev/null
  namespace=dev prod=prod group=dev-team
  admin_kubeconfig=$work/cluster/kubeconfig postern_kubeconfig=$work/cluster/postern.kubeconfig
  [ -e "$postern_kubeconfig" ] ||
    "$root/tests/cluster/cluster.py" kubeconfig --dir "$work/cluster" --postern >/dev/null
}

use_given_cluster() {
  # One file, whatever $KUBECONFIG lists, with everything inside.
  (umask 077 && KUBECONFIG=$given "$kubectl" config view --raw --minify --flatten >"$work/given.kubeconfig")
  admin_kubeconfig=$work/given.kubeconfig postern_kubeconfig=$work/given.kubeconfig
  namespace=postern-demo prod=postern-demo-prod group=postern-demo
  say "the cluster of $given, in the namespaces $namespace and $prod"
  local space
  for space in "$namespace" "$prod"; do
    make_namespace "$space"
    admin_kubectl -n "$space" create rolebinding demo --clusterrole=admin --group="$group" >/dev/null
  done
  admin_kubectl create clusterrolebinding postern-demo --clusterrole=view --group="$group" >/dev/null
  given_objects+=(clusterrolebinding/postern-demo)
  for pod in nginx-1 nginx-2 db-0; do start_pod "$namespace" "$pod"; done
  start_pod "$prod" nginx-1
  admin_kubectl -n "$namespace" create deployment web --image=busybox --replicas=0 >/dev/null
  for space in "$namespace" "$prod"; do
    admin_kubectl -n "$space" wait --for=condition=Ready pod --all --timeout=180s >/dev/null || {
      admin_kubectl -n "$space" get pods -o wide >&2
      die "the pods of $space did not get ready; POSTERN_DEMO_IMAGE names another image that has busybox' sh and httpd"
    }
  done
  admin_kubectl -n "$namespace" exec nginx-1 -- true ||
    die "commands do not run in the pods of this cluster, and the demo is about that, too"
}

make_namespace() { # NAME
  # That of a demo of a moment ago may still be ending.
  if [ "$(admin_kubectl get namespace "$1" --ignore-not-found -o 'jsonpath={.status.phase}')" = Terminating ]; then
    admin_kubectl wait --for=delete "namespace/$1" --timeout=120s >/dev/null
  fi
  admin_kubectl create namespace "$1" >/dev/null ||
    die "$1 is another demo's, or left by one that was killed: then delete it, and clusterrolebinding/postern-demo"
  given_objects+=("namespace/$1")
}

# Whether the pods run what they say: those of kwok only seem to.
writes_logs() {
  for _ in $(seq 30); do
    admin_kubectl -n "$namespace" logs nginx-1 --tail=1 2>/dev/null | grep -q 'still here' && return
    sleep 0.1
  done
  return 1
}

start_pod() { # NAMESPACE NAME: serves a page, and writes a line each second
  admin_kubectl -n "$1" run "$2" --image="${POSTERN_DEMO_IMAGE:-busybox}" --labels "app=${2%-*}" -- \
    sh -c 'mkdir -p www; echo hello from a pod >www/index.html; httpd -p 80 -h www; while echo still here; do sleep 1; done' \
    >/dev/null
}

end_cluster() {
  if [ -n "$given" ]; then
    [ ${#given_objects[@]} = 0 ] ||
      admin_kubectl delete "${given_objects[@]}" --ignore-not-found --wait=false >/dev/null 2>&1 || true
  elif [ -e "$work/cluster/cluster.json" ]; then
    "$root/tests/cluster/cluster.py" down --dir "$work/cluster" >/dev/null 2>&1 || true
  fi
}
