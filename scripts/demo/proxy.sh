# Sourced by demo.sh: postern in front of the cluster, and the homes of the people.
# Sets proxy, port, admin_port.

free_ports() {
  /usr/bin/python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); from ports import Reservations
held = Reservations(); print(held.port(), held.port())' "$root/tests/cluster"
}

# erin's role comes from a file; the roles of everybody else are made while postern runs.
write_configuration() { # TOKEN: erin's
  cat >"$work/roles.yaml" <<YAML
kind: role
version: v7
metadata: {name: dev-nginx}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [$group]
    kubernetes_resources:
    - {kind: pod, namespace: $namespace, name: 'nginx-*', verbs: [get, list, watch, create, update, patch, delete, exec, portforward]}
    - {kind: secret, namespace: $namespace, name: app-config, verbs: [get, list, watch]}
---
kind: user
version: v2
metadata: {name: erin}
spec: {roles: [dev-nginx]}
YAML
  (umask 077 && echo "$1,erin,erin" >"$work/tokens.csv")
  cat >"$work/postern.yaml" <<YAML
apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
clusterName: postern.example.com
listen: 127.0.0.1:$port
adminListen: 127.0.0.1:$admin_port
dataDir: $work/data
kubeClusters: [{name: mycluster, kubeconfig: $postern_kubeconfig}]
authentication: {tokenFile: $work/tokens.csv}
resources: [$work/roles.yaml]
YAML
}

make_homes() { # TOKEN: erin's
  local person
  for person in admin alice bob carol erin; do
    mkdir -p "$work/homes/$person/.kube"
    (umask 077 && head -c 12 /dev/urandom | base64 >"$work/homes/$person/password")
  done
  local config=$work/homes/erin/.kube/config
  (
    umask 077
    set_config() { KUBECONFIG=$config "$kubectl" config "$@" >/dev/null; }
    set_config set-cluster postern --server="https://127.0.0.1:$port" \
      --certificate-authority="$work/data/ca.crt" --embed-certs=true
    set_config set-credentials erin --token="$1"
    set_config set-context erin --cluster=postern --user=erin --namespace="$namespace"
    set_config use-context erin
  )
}

start_postern() {
  local token ready=''
  read -r port admin_port < <(free_ports)
  say "postern on 127.0.0.1:$port"
  token=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  write_configuration "$token"
  # It ends with this script, also when that is killed.
  setpriv --pdeathsig TERM -- "$postern" proxy --config "$work/postern.yaml" >"$work/postern.log" 2>&1 &
  proxy=$!
  for _ in $(seq 300); do
    kill -0 "$proxy" 2>/dev/null || { cat "$work/postern.log" >&2; die "postern did not start"; }
    "$postern" healthcheck --url "http://127.0.0.1:$admin_port/readyz" >/dev/null 2>&1 && ready=yes && break
    sleep 0.1
  done
  [ "$ready" = yes ] || { cat "$work/postern.log" >&2; die "postern was not ready after 30 s"; }
  make_homes "$token"
}
