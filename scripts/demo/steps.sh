# Sourced by demo.sh: a step is a command as somebody types it, what it says, and how it has to end.

failed=0            # whether anything was not as it should be
as=erin             # whose terminal it is
limit=30            # no command takes longer, in seconds
said=$work/said.txt # what the last command said
typing=()           # what is typed while the next command runs at a terminal: a text to wait for, the answer, …

title() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s(%s)%s\n' "$dim" "$*" "$plain"; }
wrong() { echo "demo.sh: $*" >&2; failed=1; }

# A command as one would type it: `bash -c` stands for a line with a pipe in it.
typed() {
  if [ "$1 ${2:-}" = "bash -c" ]; then echo "$3"; return; fi
  local word words=()
  for word in "$@"; do
    [[ $word =~ ^([A-Za-z0-9_./:=,@%+-]+|&)$ ]] || word="'$word'"
    words+=("$word")
  done
  echo "${words[*]}"
}
prompt() { printf '%s%s $ %s%s\n' "$dim" "$as" "$(typed "$@")" "$plain"; }

# A command as $as: in their home, at a terminal of its own when something is to be typed. In the foreground, so that Ctrl-C
# reaches it, too.
person() {
  local home=$work/homes/$as terminal=()
  [ ${#typing[@]} = 0 ] || terminal=(/usr/bin/python3 "$root/scripts/demo/at_terminal.py" "${typing[@]}" --)
  cd "$home" && exec env HOME="$home" KUBECONFIG="$home/.kube/config" KUBECACHEDIR="$work/cache" \
    PATH="$root/build:$PATH" NO_COLOR=1 timeout --foreground "$limit" "${terminal[@]}" "$@" </dev/null
}
quietly() { (person "$@"); }

# Shows a command and what it says, and wants this exit code.
step() {
  local wanted=$1 code=0
  shift
  prompt "$@"
  (person "$@") 2>&1 | tee "$said" || code=$?
  typing=()
  [ "$code" = "$wanted" ] || wrong "this should have ended with $wanted, not $code"
}
must() { step 0 "$@"; }
denied() { step 3 "$@"; }                    # by the access API or a reviewer
refused() { step 1 "$@" && sees Forbidden; } # by the proxy, in the API server's words
# One that goes on until it is ended, here after so many seconds.
awhile() {
  local limit=$1
  step 124 "${@:2}"
}

# What the last command has said, or has not.
sees() { grep -q -- "$1" "$said" || wrong "\"$1\" was not said"; }
sees_no() { ! grep -q -- "$1" "$said" || wrong "\"$1\" was said"; }

# Starts a command that goes on while others do something; `it_ends` shows what it has said by then.
meanwhile() {
  prompt "$@" "&"
  (limit=60 && person "$@") >"$work/meanwhile.txt" 2>&1 &
  meanwhile=$!
  background+=("$meanwhile")
}
it_ends() { # EXIT CODE
  local code=0
  wait "$meanwhile" || code=$?
  note "$as's command, which has waited:"
  tee "$said" <"$work/meanwhile.txt"
  [ "$code" = "$1" ] || wrong "this should have ended with $1, not $code"
}

# Names of access requests: the one that the last command made; the one that waits for a review; $as's newest.
made() { sed -n 's|^[a-z.]*request[a-z.]*/\([a-z0-9-]*\).*|\1|p' "$said"; }
pending() {
  local name
  for _ in $(seq 100); do
    name=$(as=bob && quietly postern request ls --reviewable --no-headers 2>/dev/null | awk '{ print $1; exit }')
    [ -z "$name" ] || { echo "$name"; return; }
    sleep 0.1
  done
  echo none
}
newest() { quietly postern request ls --mine --no-headers | awk '{ print $1; exit }'; }
field() { # NAME PATH…: of a request, as $as sees it
  quietly postern request show "$1" -o json |
    /usr/bin/python3 -c 'import functools, json, sys; print(functools.reduce(lambda o, k: o[k], sys.argv[1:], json.load(sys.stdin)))' "${@:2}"
}
digest() { (as=bob && field "$1" status effectiveDigest); }

# bob approves the next request, unseen.
bob_approves_it() {
  (as=bob && quietly postern request review --approve --yes --reason 'go ahead' "$(pending)") >/dev/null 2>&1 &
  background+=("$!")
}
