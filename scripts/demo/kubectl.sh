# Sourced by demo.sh, the story's last parts: all of it in one command, and with nothing but kubectl.

kubectl_alone() {
  as=alice
  in_one_go
  plain_kubectl
  dynamic_client
}

in_one_go() {
  title "7. In one go: postern kubectl asks for what is refused, waits, and runs it when it is approved"
  bob_approves_it
  typing=('Why do you need it?' 'bug 15')
  must postern kubectl get pod db-0 -n "$namespace"
  sees 'PENDING → APPROVED'
  sees '^db-0 .*Running'
  bob_approves_it
  must postern kubectl --request-reason 'bug 15' exec nginx-2 -- echo 'hello again'
  sees '^hello again'
  must postern kubectl --request-reason 'bug 15' logs nginx-2 --tail=1 # by what is approved already
  sees_no 'Waiting for a decision'
  bob_approves_it
  must postern kubectl --request-reason 'of any kind' get deployment web
  sees '^web '
  title "It can be turned off, and asks nothing where nobody is at a terminal"
  refused postern kubectl --no-request --request-reason 'bug 15' logs no-such-pod
  refused env POSTERN_NO_REQUEST=1 postern kubectl --request-reason 'bug 15' logs no-such-pod
  refused postern kubectl logs no-such-pod
  sees_no 'Why do you need it'
}

plain_kubectl() {
  title "8. The same with nothing but kubectl"
  write_request
  must cat request.yaml
  meanwhile kubectl get accessrequests -w
  for _ in $(seq 100); do [ -s "$work/meanwhile.txt" ] && break; sleep 0.1; done
  must kubectl create -f request.yaml
  local name
  name=$(made)
  bob_approves_it
  must kubectl wait --for=condition=Approved "accessrequest/$name" --timeout=20s
  must kubectl get accessrequests
  sees "^$name .*APPROVED"
  must kubectl delete accessrequest "$name"
  sees deleted
  end_watch "$name"
  title "What kubectl knows of it, by discovery and OpenAPI"
  must kubectl api-resources --api-group=access.postern.dev
  sees '^accessrequests .*AccessRequest'
  must kubectl explain accessrequest
  sees '^KIND:  *AccessRequest'
  must kubectl explain accessrequest.spec.resources
  sees 'Resource IDs'
  must bash -c "kubectl describe accessrequest $request | head -n 31"
  sees 'bug 12'
}

write_request() {
  cat >"$work/homes/alice/request.yaml" <<YAML
apiVersion: access.postern.dev/v1alpha1
kind: AccessRequest
metadata: {generateName: by-kubectl-}
spec: {resources: ["$ids/$namespace/nginx-1"], reason: with kubectl alone}
YAML
}

end_watch() { # NAME: of the request that it has to have seen
  kill "$meanwhile" && wait "$meanwhile" 2>/dev/null || true
  note "what the watch has shown of it:"
  grep -e ^NAME -e "^$1 " "$work/meanwhile.txt" | tee "$said"
  sees PENDING
  sees APPROVED
}

dynamic_client() {
  title "And by client-go's dynamic client and an informer, in a program that knows nothing of postern"
  PATH=$PATH:$(dirname "$(program dynamic-client)")
  bob_approves_it
  must dynamic-client .kube/config "$ids/$namespace/nginx-1"
  sees '"approved"'
  sees '"deleted"'
}
