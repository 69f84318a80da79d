#!/usr/bin/env bash
# demo.sh [--keep]: installs, builds, starts a real control plane and postern in front of it, and walks
# through what erin may do. On a terminal, or with --keep, everything stays up until Ctrl-C.
#
# With KUBECONFIG set, that cluster is used instead: its user must be allowed to impersonate. The demo
# works in a namespace of its own there, postern-demo, which it deletes at the end.
. "$(dirname "$0")/common.sh"

keep=no
[ -t 0 ] && [ -t 1 ] && keep=yes
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument $1" ;;
esac

given=${KUBECONFIG:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/postern-demo.XXXXXX")
chmod 711 "$work" # commands in pods of kwok run as nobody
proxy='' forward='' watch='' # processes of ours, ended by their ids
failed=0

end() {
  trap - EXIT INT TERM
  for pid in $watch $forward $proxy; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
  if [ -n "$given" ] && [ -n "${kubectl:-}" ]; then
    admin delete namespace "$namespace" --ignore-not-found --wait=false >/dev/null 2>&1 || true
  elif [ -e "$work/cluster/cluster.json" ]; then
    "$root/tests/cluster/cluster.py" down --dir "$work/cluster" >/dev/null 2>&1 || true
  fi
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# -- what it takes ------------------------------------------------------------------------------------

say "packages"
"$root/scripts/setup.sh"
say "the test cluster's programs (built once, into $cache)"
timeout 3600 "$root/tests/cluster/build_tools.py" cluster
timeout 1800 "$root/scripts/build.sh" release postern >/dev/null
postern=$root/build/postern
kubectl=$("$root/tests/cluster/build_tools.py" --path kubectl)
PATH=$(dirname "$kubectl"):$PATH

admin() { KUBECONFIG=$admin_kubeconfig "$kubectl" --cache-dir "$work/cache" "$@"; }

if [ -n "$given" ]; then
  # One file, whatever $KUBECONFIG lists, with everything inside.
  (umask 077 && KUBECONFIG=$given "$kubectl" config view --raw --minify --flatten >"$work/given.kubeconfig")
  admin_kubeconfig=$work/given.kubeconfig postern_kubeconfig=$work/given.kubeconfig namespace=postern-demo
  say "the cluster of $given, in the namespace $namespace"
  admin create namespace "$namespace" --dry-run=client -o yaml | admin apply -f - >/dev/null
  for pod in nginx-1 nginx-2 db-0; do
    admin -n "$namespace" run "$pod" --image="${POSTERN_DEMO_IMAGE:-busybox}" --labels "app=${pod%-*}" -- \
      sh -c 'mkdir -p www; echo hello from a pod >www/index.html; httpd -p 80 -h www; while echo still here; do sleep 1; done' \
      >/dev/null
  done
  admin -n "$namespace" create rolebinding demo --clusterrole=admin --group=dev-team >/dev/null
  admin -n "$namespace" wait --for=condition=Ready pod --all --timeout=180s >/dev/null
else
  say "a control plane: etcd, kube-apiserver, kube-controller-manager, and kwok for the node"
  timeout 180 "$root/tests/cluster/cluster.py" up --dir "$work/cluster" --with-pid $$ >/dev/null
  admin_kubeconfig=$work/cluster/kubeconfig postern_kubeconfig=$work/cluster/postern.kubeconfig namespace=dev
  [ -e "$postern_kubeconfig" ] ||
    "$root/tests/cluster/cluster.py" kubeconfig --dir "$work/cluster" --postern >/dev/null
fi

# -- postern ------------------------------------------------------------------------------------------

free_ports() {
  /usr/bin/python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); from ports import Reservations
held = Reservations(); print(held.port(), held.port())' "$root/tests/cluster"
}
read -r port admin_port < <(free_ports)
token=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')

cat >"$work/roles.yaml" <<YAML
kind: role
version: v7
metadata: {name: dev-nginx}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: $namespace, name: 'nginx-*', verbs: [get, list, watch, create, update, patch, delete, exec, portforward]}
    - {kind: secret, namespace: $namespace, name: app-config, verbs: [get, list, watch]}
---
kind: user
version: v2
metadata: {name: erin}
spec: {roles: [dev-nginx]}
YAML
(umask 077 && echo "$token,erin,erin" >"$work/tokens.csv")
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

say "postern on 127.0.0.1:$port"
"$postern" proxy --config "$work/postern.yaml" >"$work/postern.log" 2>&1 &
proxy=$!
for _ in $(seq 300); do
  kill -0 "$proxy" 2>/dev/null || { cat "$work/postern.log" >&2; die "postern did not start"; }
  curl -fsS -o /dev/null "http://127.0.0.1:$admin_port/readyz" 2>/dev/null && ready=yes && break
  sleep 0.1
done
[ "${ready:-}" = yes ] || { cat "$work/postern.log" >&2; die "postern was not ready after 30 s"; }

export KUBECONFIG=$work/erin.kubeconfig
kubectl_config() { "$kubectl" config "$@" >/dev/null; }
kubectl_config set-cluster postern --server="https://127.0.0.1:$port" \
  --certificate-authority="$work/data/ca.crt" --embed-certs=true
kubectl_config set-credentials erin --token="$token"
kubectl_config set-context erin --cluster=postern --user=erin --namespace="$namespace"
kubectl_config use-context erin
chmod 600 "$KUBECONFIG"
export KUBECACHEDIR=$work/cache

# -- the walk -----------------------------------------------------------------------------------------

title() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }

# A command as one would type it.
shown() {
  local word words=()
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]] || word="'$word'"
    words+=("$word")
  done
  echo "${words[*]}"
}

# Shows a command and runs it for at most so many seconds; as the person that $as names, in their home.
as=''
run() {
  local limit=$1 person=()
  shift
  [ -z "$as" ] || person=(env HOME="$work/homes/$as" KUBECONFIG="$work/homes/$as/.kube/config" PATH="$root/build:$PATH")
  printf '%s%s$ %s%s\n' "$dim" "${as:+$as }" "$(shown "$@")" "$plain"
  (cd "$work${as:+/homes/$as}" && timeout "$limit" "${person[@]}" "$@") || return $?
}
must() {
  run "$@" || { echo "demo.sh: this should have worked (exit $?)" >&2; failed=1; }
}
# The same, and shown, but not what it says.
quietly() { must "$@" >quiet.txt; sed -n '1p;$p' quiet.txt; }
# A command that has to be refused, with exit 1 and the API server's word for it.
refused() {
  local said
  if said=$(run "$@" 2>&1); then
    echo "$said"; echo "demo.sh: this should have been refused" >&2; failed=1
  else
    echo "$said"; grep -q Forbidden <<<"$said" || failed=1
  fi
}
# A command that has to end with 3, "denied", and a sentence.
denied() {
  local code=0 said
  said=$(run "$@" 2>&1) || code=$?
  echo "$said"
  [ "$code" = 3 ] || { echo "demo.sh: this should have ended with 3, not $code" >&2; failed=1; }
}
# A command that goes on until it is ended, here after so many seconds.
awhile() { run "$@" || [ $? -eq 124 ] || failed=1; }
# alice's watch of pods, in the background; and its end, within a second of the given time.
open_watch() {
  printf '%salice $ kubectl get pods -w &%s\n' "$dim" "$plain"
  (cd homes/alice && exec env HOME="$PWD" KUBECONFIG="$PWD/.kube/config" PATH="$root/build:$PATH" kubectl get pods -w) >watch.txt 2>&1 &
  watch=$!
  for _ in $(seq 100); do grep -q nginx watch.txt && return; sleep 0.1; done
  echo "demo.sh: the watch did not begin" >&2
  failed=1
}
watch_ends() {
  local late
  while kill -0 "$watch" 2>/dev/null; do
    late=$(awk "BEGIN { print ($EPOCHREALTIME - $1 > 1) }")
    [ "$late" = 0 ] || { echo "demo.sh: the watch is still open a second after $2" >&2; failed=1; kill "$watch"; break; }
    sleep 0.02
  done
  wait "$watch" 2>/dev/null || true
  watch=''
  awk "BEGIN { printf \"the watch ended %.2f s after $2\\n\", $EPOCHREALTIME - $1 }"
}
# The request that waits for a review, and the digest of what it would give.
pending() { env HOME="$work/homes/bob" "$postern" request ls --reviewable --no-headers | awk '{ print $1; exit }'; }
digest() { /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["effectiveDigest"])'; }
digest_of() { env HOME="$work/homes/bob" "$postern" request show "$1" -o json | digest; }
# Something must have been seen.
expect() { grep -q -- "$1" "$2" || { echo "demo.sh: \"$1\" was not seen" >&2; failed=1; }; }

cd "$work"

title "Who runs what: the administrator directly, and erin through postern"
{ echo "directly (administrator)"; echo "\$ kubectl get pods -A"; admin get pods -A; } >direct.txt
{ echo "through postern (erin)"; echo "\$ kubectl get pods -A"; timeout 30 kubectl get pods -A; } >through.txt || failed=1
expand direct.txt >left.txt
expand through.txt | pr -m -t -w 132 left.txt - | expand
expect nginx-1 through.txt
! grep -q db-0 through.txt || { echo "demo.sh: a hidden pod was shown" >&2; failed=1; }

title "A pod that her roles do not cover, and one that does not exist: the same answer, with a way out"
refused 30 kubectl get pod db-0
refused 30 kubectl get pod no-such-pod

title "A watch: both nginx-1 and db-0 change, she sees one of them"
(
  sleep 2
  for pod in db-0 nginx-1; do admin -n "$namespace" label pod "$pod" demo=changed --overwrite >/dev/null; done
) &
awhile 6 kubectl get pods -w -L demo | tee watch.txt
expect 'nginx-1.*changed' watch.txt

title "Objects as they are"
must 30 kubectl get pod nginx-1 -o yaml >pod.yaml
head -n 18 pod.yaml

title "A command in a container"
must 30 kubectl exec nginx-1 -- sh -c 'echo "hello from $(id -un)"; echo "a report" >report.txt'
refused 30 kubectl exec db-0 -- id

title "Logs as they are written"
if [ -z "$given" ]; then
  (
    for number in 1 2; do
      sleep 1.5
      echo "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ) stdout F line $number, written just now" >>"$work/cluster/pod-logs/dev_nginx-1.log"
    done
  ) &
fi
awhile 6 kubectl logs -f nginx-1 | tee logs.txt
[ "$(wc -l <logs.txt)" -gt 2 ] || { echo "demo.sh: the log did not go on" >&2; failed=1; }

title "A forwarded port"
read -r local_port _ < <(free_ports)
printf '%s$ kubectl port-forward nginx-1 %s:80 &%s\n' "$dim" "$local_port" "$plain"
kubectl port-forward nginx-1 "$local_port:80" >forward.txt 2>&1 &
forward=$!
for _ in $(seq 100); do grep -q Forwarding forward.txt && break; sleep 0.1; done
must 20 curl -fsS "http://127.0.0.1:$local_port/"
kill "$forward" && wait "$forward" 2>/dev/null || true
forward=''

title "A file out of a container"
must 30 kubectl cp nginx-1:report.txt report.txt
must 5 cat report.txt

title "Apply: within her rules, and outside of them"
manifest() {
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: demo}}
spec: {nodeName: ${node:-n1}, containers: [{name: main, image: busybox}]}
YAML
}
[ -z "$given" ] || node=$(admin get nodes -o 'jsonpath={.items[0].metadata.name}')
manifest nginx-3 >nginx-3.yaml
manifest db-9 >db-9.yaml
must 30 kubectl apply -f nginx-3.yaml
must 30 kubectl delete -f nginx-3.yaml --wait=false
refused 30 kubectl apply -f db-9.yaml

title "What she may do, as kubectl asks it"
must 30 kubectl auth whoami
must 30 kubectl auth can-i --list

if [ -z "$given" ]; then
  title "What the API server's own audit log says about it"
  audit=$(/usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["auditLog"])' "$work/cluster/cluster.json")
  for _ in $(seq 50); do grep -q '"subresource":"exec"' "$audit" && break; sleep 0.1; done
  /usr/bin/python3 - "$audit" <<'PYTHON' || failed=1
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("objectRef", {}).get("subresource") == "exec" and "impersonatedUser" in event:
        shown = {key: event[key] for key in ("verb", "requestURI", "user", "impersonatedUser")}
        shown["user"] = {"username": shown["user"]["username"]}
        print(json.dumps(shown, indent=2))
        break
else:
    sys.exit("demo.sh: no exec in the audit log")
PYTHON
fi

# -- access requests ----------------------------------------------------------------------------------

for person in admin alice bob carol; do
  mkdir -p "$work/homes/$person"
  (umask 077 && head -c 12 /dev/urandom | base64 >"$work/homes/$person/password")
done
cat >"$work/homes/admin/roles.yaml" <<YAML
kind: role
version: v7
metadata: {name: k8s-access}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: $namespace, name: '*', verbs: ['*']}
    - {kind: deployment, namespace: $namespace, name: '*', verbs: [get, list, watch]}
---
kind: role
version: v7
metadata: {name: k8s-namespace}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources: [{kind: namespace, name: $namespace, verbs: ['*']}]
---
kind: role
version: v8
metadata: {name: k8s-requester}
spec: {allow: {request: {search_as_roles: [k8s-access, k8s-namespace]}}}
---
kind: role
version: v8
metadata: {name: k8s-reviewer}
spec: {allow: {review_requests: {roles: [k8s-access, k8s-namespace], preview_as_roles: [k8s-access, k8s-namespace]}}}
YAML

title "Access on request: the first administrator's one-time login, roles, and people"
as=admin
read -ra first_login <"$work/data/first-login"
must 30 "${first_login[@]}" --new-password-file password
must 30 postern create -f roles.yaml
must 30 postern get roles
must 30 postern users add alice --roles k8s-requester | tee alice.txt
must 30 postern users add bob --roles k8s-reviewer >bob.txt
must 30 postern users add carol --roles k8s-reviewer >carol.txt

title "A role edited while postern runs counts for the next request; one that nobody has can go"
cat >"$work/homes/admin/spare.yaml" <<YAML
kind: role
version: v8
metadata: {name: spare}
spec: {allow: {review_requests: {roles: [k8s-access]}}}
YAML
must 30 postern create -f spare.yaml
must 30 env EDITOR='sed -i s/k8s-access/k8s-namespace/' postern edit role/spare
must 30 postern get role/spare -o yaml
must 30 postern rm role/spare

invite() { grep -o 'postern://[^ ]*' "$1" | head -n 1; }

title "alice has nothing, is told how to ask, and finds what she needs"
as=alice
must 30 postern login "$(invite alice.txt)" --new-password-file password
must 30 postern kube login --set-context-namespace "$namespace"
refused 30 kubectl get pods
must 30 postern kube ls
must 30 postern request search --kind pod --kube-cluster mycluster --kube-namespace "$namespace"
must 30 postern request search --kind pod --kube-cluster mycluster --all-kube-namespaces --search nginx-2
must 30 postern request search --kind pod --kube-cluster mycluster --kube-namespace "$namespace" --labels app=nginx
must 30 postern request search --kind namespace --kube-cluster mycluster
must 30 postern request search --kind kube_cluster
[ -n "$given" ] || must 30 postern request search --kind deployment --kube-cluster mycluster --kube-namespace "$namespace"
[ -n "$given" ] || must 30 postern request search --kind widgets.e.com --kube-cluster mycluster --kube-namespace "$namespace"
id=/postern.example.com/pod/mycluster/$namespace/nginx-1
must 30 postern request create --resource "$id" --reason 'bug 12' --dry-run
must 30 postern request create --resource "$id" --reason 'bug 12' --max-duration 1h --nowait

title "Nobody approves their own"
own=$(env HOME="$work/homes/alice" "$postern" request ls --mine --no-headers | awk '{ print $1; exit }')
denied 30 postern request review --approve "$own" --digest "$(env HOME="$work/homes/alice" "$postern" request show "$own" -o json | digest)"

title "bob looks at what he is to approve, and approves it"
as=bob
must 30 postern login "$(invite bob.txt)" --new-password-file password
must 30 postern request ls --reviewable
request=$(pending)
must 30 postern request show "$request"
must 30 postern request review --approve --reason 'go ahead' "$request" --digest "$(digest_of "$request")"

title "One that goes too far is denied by carol, with a reason; a smaller one is approved by bob"
as=alice
must 30 postern request create --resource "${id%1}2" --resource "${id%nginx-1}db-0" --reason 'all of it' --nowait
as=carol
quietly 30 postern login "$(invite carol.txt)" --new-password-file password
quietly 30 postern request review --deny --reason 'nginx-2 will do' "$(pending)" --yes
as=alice
must 30 postern request ls --mine
quietly 30 postern request create --resource "${id%1}2" --reason 'nginx-2, then' --nowait
second=$(pending)
as=bob
quietly 30 postern request review --approve "$second" --yes
as=alice

title "alice works inside of exactly what was approved; several add up"
must 30 postern login --request-id "$request" --password-file password
must 30 kubectl get pods | tee alice-pods.txt
expect nginx-1 alice-pods.txt
! grep -q -e nginx-2 -e db-0 alice-pods.txt || { echo "demo.sh: more was shown than approved" >&2; failed=1; }
must 30 kubectl exec nginx-1 -- echo hello
refused 30 kubectl get pod nginx-2
must 30 postern status
must 30 postern auth can-i get pod/nginx-1 -n "$namespace" --explain
must 30 postern request assume "$second"
must 30 kubectl get pods | tee alice-pods.txt
expect nginx-2 alice-pods.txt

title "Reviewers take back what was given"
as=carol
must 30 postern request revoke "$second" --reason 'work is done'
as=alice
must 30 kubectl get pods

title "A drop takes it back at once: the watch that is open ends, too"
open_watch
must 30 postern request drop "$request"
watch_ends "$EPOCHREALTIME" "the drop"
refused 30 kubectl get pod nginx-1

title "An access that ends by itself ends what is open, too"
quietly 30 postern request create --resource "$id" --reason 'for some seconds' --max-duration 10s --nowait
short=$(pending)
as=bob
quietly 30 postern request review --approve "$short" --yes
as=alice
must 30 postern request assume "$short"
open_watch
ends=$(env HOME="$work/homes/alice" "$postern" request show "$short" -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["accessExpires"])')
ends=$(date -d "$ends" +%s)
sleep "$(awk "BEGIN { print $ends - $EPOCHREALTIME }")"
watch_ends "$ends" "its end"

title "The same with nothing but kubectl"
must 30 kubectl api-resources --api-group=access.postern.dev
must 30 kubectl get accessrequests
must 30 kubectl explain accessrequest.spec.resources
cat >"$work/homes/alice/request.yaml" <<YAML
apiVersion: access.postern.dev/v1alpha1
kind: AccessRequest
metadata: {generateName: by-kubectl-}
spec: {resources: ["$id"], reason: with kubectl alone}
YAML
must 30 cat request.yaml
must 30 kubectl create -f request.yaml | tee created.txt
name=$(sed -n 's|^accessrequest.access.postern.dev/\([^ ]*\) created|\1|p' created.txt)
(sleep 1; env HOME="$work/homes/bob" "$postern" request review --approve --yes "$name" >/dev/null 2>&1) &
must 60 kubectl wait --for=condition=Approved "accessrequest/$name" --timeout=30s
must 30 kubectl get accessrequest "$name" -o wide
must 30 kubectl describe accessrequest "$name" >described.txt
head -n 24 described.txt
must 30 kubectl auth can-i delete "accessrequest/$name"
must 30 kubectl delete accessrequest "$name"

title "In one go: what is refused is asked for, and runs when it is approved"
(
  for _ in $(seq 100); do
    pending=$(env HOME="$work/homes/bob" "$postern" request ls --reviewable --no-headers 2>/dev/null | awk '{ print $1 }')
    [ -n "$pending" ] && env HOME="$work/homes/bob" "$postern" request review --approve --yes "$pending" >/dev/null && break
    sleep 0.2
  done
) &
must 60 postern kubectl --request-reason 'in one go' exec nginx-2 -n "$namespace" -- echo 'hello again'
as=''

echo
if [ "$failed" != 0 ]; then
  echo "postern's log:" >&2
  tail -n 20 "$work/postern.log" >&2
  die "something above was not as it should be"
fi
say "all of it was as it should be"
[ "$keep" = yes ] || exit 0

cat <<EOF2

postern keeps running until Ctrl-C. In another terminal:

  export KUBECONFIG=$work/erin.kubeconfig PATH=$(dirname "$kubectl"):\$PATH
  kubectl get pods -A

  the administrator:   KUBECONFIG=$admin_kubeconfig
  roles (edit them):   $work/roles.yaml
  log and metrics:     $work/postern.log   http://127.0.0.1:$admin_port/metrics
EOF2
wait "$proxy"
