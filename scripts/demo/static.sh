# Sourced by demo.sh: what erin's static role lets her do, by every kind of call that kubectl makes.

static_access() {
  lists
  watches
  commands
  ports_and_files
  writes
  self_reviews
  [ -n "$given" ] || cluster_audit
}

lists() {
  title "Who runs what: the administrator directly, and erin through postern"
  { echo "directly (administrator)"; echo "\$ kubectl get pods -A"; admin_kubectl get pods -A; } | expand >"$work/left.txt"
  { echo "through postern (erin)"; echo "\$ kubectl get pods -A"; quietly kubectl get pods -A | tee "$said"; } | expand |
    pr -m -t -w 132 "$work/left.txt" - | expand
  sees nginx-1
  sees_no db-0
  title "A pod that her roles do not cover, and one that does not exist: the same answer, and whom to ask"
  refused kubectl get pod db-0
  refused kubectl get pod no-such-pod
  title "Objects as they are"
  must bash -c 'kubectl get pod nginx-1 -o yaml | head -n 12'
  sees 'app: nginx'
}

watches() {
  title "A watch: both nginx-1 and db-0 change, she sees one of them"
  (
    sleep 1.5
    for pod in db-0 nginx-1; do
      admin_kubectl -n "$namespace" label pod "$pod" demo=changed --overwrite >/dev/null
    done
  ) &
  background+=("$!")
  awhile 4 kubectl get pods -w -L demo
  sees 'nginx-1.*changed'
  sees_no db-0
  title "Logs as they are written"
  if [ -z "$given" ]; then
    write_log &
    background+=("$!")
  elif ! writes_logs; then
    note "left out: the pods of this cluster do not write any (kwok's do not)"
    return
  fi
  awhile 4 kubectl logs -f nginx-1
  [ "$(wc -l <"$said")" -gt 2 ] || wrong "the log did not go on"
}

write_log() {
  for number in 1 2; do
    sleep 1
    echo "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ) stdout F line $number, written just now" >>"$work/cluster/pod-logs/dev_nginx-1.log"
  done
}

commands() {
  title "A command in a container"
  must kubectl exec nginx-1 -- sh -c 'echo "hello from $(id -un)"; echo "a report" >report.txt'
  sees 'hello from'
  refused kubectl exec db-0 -- id
}

ports_and_files() {
  title "A forwarded port"
  local local_port
  read -r local_port _ < <(free_ports)
  meanwhile kubectl port-forward nginx-1 "$local_port:80"
  for _ in $(seq 100); do grep -q Forwarding "$work/meanwhile.txt" && break; sleep 0.1; done
  must curl -fsS "http://127.0.0.1:$local_port/"
  sees 'hello from a pod'
  kill "$meanwhile" && wait "$meanwhile" 2>/dev/null || true
  title "A file out of a container"
  must kubectl cp nginx-1:report.txt report.txt
  must cat report.txt
  sees 'a report'
}

pod_manifest() { # NAME
  cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: demo}}
spec: {nodeName: $node, containers: [{name: main, image: busybox}]}
YAML
}

writes() {
  title "Apply: within her rules, and outside of them"
  local node
  node=$(admin_kubectl get nodes -o 'jsonpath={.items[0].metadata.name}')
  pod_manifest nginx-3 >"$work/homes/erin/nginx-3.yaml"
  pod_manifest db-9 >"$work/homes/erin/db-9.yaml"
  must kubectl apply -f nginx-3.yaml
  must kubectl delete -f nginx-3.yaml --wait=false
  refused kubectl apply -f db-9.yaml
}

self_reviews() {
  title "What she may do, as kubectl asks it"
  must kubectl auth whoami
  must kubectl auth can-i --list
  sees 'pods/exec .*nginx-\*'
}

cluster_audit() {
  title "What the API server's own audit log says about it"
  local log
  log=$(/usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["auditLog"])' "$work/cluster/cluster.json")
  for _ in $(seq 50); do grep -q '"subresource":"exec"' "$log" && break; sleep 0.1; done
  /usr/bin/python3 - "$log" <<'PYTHON' || wrong "there is no exec in the audit log"
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("objectRef", {}).get("subresource") == "exec" and "impersonatedUser" in event:
        shown = {key: event[key] for key in ("verb", "requestURI", "user", "impersonatedUser")}
        shown["user"] = {"username": shown["user"]["username"]}
        print(json.dumps(shown, indent=2))
        break
else:
    sys.exit(1)
PYTHON
}
