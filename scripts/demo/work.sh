# Sourced by demo.sh, the story's sixth part: alice works inside of what was approved, until it ends.

work_with_it() {
  works
  several_add_up
  revoked
  dropped
  expired
}

works() {
  as=alice
  title "6. alice works inside of exactly what was approved"
  must postern login --request-id "$request" --password-file password
  must kubectl get pods
  sees nginx-1
  sees_no nginx-2
  must kubectl exec nginx-1 -- echo hello
  sees hello
  refused kubectl get pod nginx-2
  refused kubectl get secrets
  must postern status
  sees "$request .*in 5[0-9]m"
  must postern auth can-i get pod/nginx-1 -n "$namespace" --explain
  sees "allowed by role k8s-access, .* request $request, until"
}

several_add_up() {
  title "Several add up"
  must postern request assume "$second" "$in_prod"
  sees "$in_prod .*in 3h59m" # the role's max_duration
  must kubectl get pods
  sees nginx-1
  sees nginx-2
  must kubectl get pods -n "$prod"
  sees nginx-1
  refused kubectl delete pod nginx-1 -n "$prod"
}

revoked() {
  title "Reviewers and administrators take back what was given"
  as=carol
  must postern request revoke "$second" --reason 'work is done'
  as=admin
  must postern request revoke "$in_prod" --reason 'bug 14 is closed'
  as=alice
  must kubectl get pods
  sees_no nginx-2
  refused kubectl get pods -n "$prod"
  must postern request ls --mine
  sees "$in_prod .*REVOKED"
}

dropped() {
  title "A drop takes it back at once: a watch, logs, a command and a forwarded port that are open end, too"
  open_streams
  must postern request drop
  streams_end "$EPOCHREALTIME" "the drop"
  refused kubectl get pod nginx-1
}

expired() {
  title "So does an access that ends by itself"
  must postern request create --resource "$ids/$namespace/nginx-1" --reason 'for some seconds' --max-duration 8s --nowait -o name
  local short ends
  short=$(made)
  bob_approves "$short"
  as=alice
  must postern request assume "$short"
  open_streams
  ends=$(date -d "$(field "$short" status accessExpires)" +%s).000000
  sleep "$(awk "BEGIN { left = $ends - $EPOCHREALTIME; print (left > 0 ? left : 0) }")"
  streams_end "$ends" "its end"
  refused kubectl get pod nginx-1
}

declare -A streams # by name, the process

open_streams() {
  local local_port
  read -r local_port _ < <(free_ports)
  stream watch kubectl get pods -w
  stream logs kubectl logs -f nginx-1
  stream exec kubectl exec nginx-1 -- sh -c 'while echo still here; do sleep 1; done'
  stream port-forward kubectl port-forward nginx-1 "$local_port:80"
  for name in "${!streams[@]}"; do
    for _ in $(seq 100); do [ -s "$work/$name.txt" ] && break; sleep 0.1; done
    [ -s "$work/$name.txt" ] && kill -0 "${streams[$name]}" 2>/dev/null || wrong "$name did not begin"
  done
}
stream() { # NAME COMMAND…
  prompt "${@:2}" '&'
  (limit=60 && person "${@:2}") >"$work/$1.txt" 2>&1 &
  streams[$1]=$!
  background+=("$!")
}

# Each of them ends within a second of this time.
streams_end() { # SECONDS WHAT
  local since=${1/./} now name
  while [ ${#streams[@]} -gt 0 ]; do
    now=${EPOCHREALTIME/./}
    for name in "${!streams[@]}"; do
      if ! kill -0 "${streams[$name]}" 2>/dev/null; then
        printf '%s ended %d ms after %s\n' "$name" $(((now - since) / 1000)) "$2"
        unset "streams[$name]"
      elif [ $((now - since)) -gt 1000000 ]; then
        wrong "$name is still open a second after $2"
        kill "${streams[$name]}"
        unset "streams[$name]"
      fi
    done
    sleep 0.01
  done
}
