# Sourced by demo.sh, the story's first part: an administrator makes roles and people while postern runs.

# What can be had (k8s-access, k8s-prod), who may ask for it (…-requester), who decides (…-reviewer). For prod two have
# to agree, who are on call. That k8s-access names jobs is a mistake, which is put right later.
story_roles() {
  cat <<YAML
kind: role
version: v7
metadata: {name: k8s-access}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [$group]
    kubernetes_resources:
    - {kind: pod, namespace: $namespace, name: '*', verbs: ['*']}
    - {kind: job, namespace: $namespace, name: '*', verbs: [get, list, watch]}
---
kind: role
version: v7
metadata: {name: k8s-prod}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [$group]
    kubernetes_resources: [{kind: namespace, name: $prod, verbs: [get, list, watch]}]
---
kind: role
version: v8
metadata: {name: k8s-requester}
spec: {allow: {request: {search_as_roles: [k8s-access]}}}
---
kind: role
version: v8
metadata: {name: k8s-resource-requester}
spec:
  allow:
    request:
      search_as_roles: [k8s-prod]
      thresholds: [{name: four eyes, approve: 2, deny: 1}]
      reason: {mode: required}
      max_duration: 4h
---
kind: role
version: v8
metadata: {name: k8s-reviewer}
spec: {allow: {review_requests: {roles: [k8s-access], preview_as_roles: [k8s-access]}}}
---
kind: role
version: v8
metadata: {name: k8s-prod-reviewer}
spec:
  allow:
    review_requests:
      roles: [k8s-prod]
      preview_as_roles: [k8s-prod]
      where: contains(reviewer.traits["duty"], "on-call")
---
kind: role
version: v8
metadata: {name: spare}
spec: {allow: {review_requests: {roles: [k8s-access]}}}
YAML
}

administer() {
  as=admin
  title "1. Access on request: by the one-time login of the first start an administrator makes roles, and invites people"
  local first_login
  read -ra first_login <"$work/data/first-login"
  must "${first_login[@]}" --new-password-file password
  story_roles >"$work/homes/admin/roles.yaml"
  must postern create -f roles.yaml
  sees 'role/k8s-requester created'
  invite alice --roles k8s-requester,k8s-resource-requester
  title "The roles; one that nobody needs can go"
  must cat roles.yaml
  must postern rm role/spare
  must postern get roles
  sees 'dev-nginx .*file' # of `resources:` at start
  sees 'k8s-access .*store'
  sees_no spare
  title "More people"
  invite bob --roles k8s-reviewer,k8s-prod-reviewer --traits duty=on-call
  invite carol --roles k8s-reviewer,k8s-prod-reviewer,auditor
  must postern get users
  sees 'alice .*k8s-requester'
}

# Adds somebody; the link goes to their home.
invite() { # NAME OPTION…
  must postern users add "$@"
  sees "user/$1 created"
  grep -o 'postern://[^ ]*' "$said" | head -n 1 >"$work/homes/$1/link" || wrong "there is no link for $1"
}
log_in() { # NAME: with their link
  as=$1
  must postern login "$(cat "$work/homes/$1/link")" --new-password-file password
  sees "as $1 until"
}
