"""Role and user documents of tests about access requests: who asks, who decides, who administers.

    documents=ACCESS                                   # alice asks for pods of dev, bob reviews, root administers
    documents=READ_DEV_PODS + ASKS + user("una", "asks")

Each text is one document with its end, so that they are put together by `+`. What the matrix's people may do
at once is in roles.py.
"""


def dev_role(name: str, *rules: str) -> str:
    """A role for dev-team's part of the cluster, with these rules of `kubernetes_resources`."""
    lines = "".join(f"    - {rule}\n" for rule in rules)
    return f"""kind: role
version: v7
metadata: {{name: {name}}}
spec:
  allow:
    kubernetes_labels: {{'*': '*'}}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
{lines}---
"""


def user(name: str, *roles: str, more: str = "") -> str:
    """`more` of its spec, in YAML's flow style: "locked: true"."""
    spec = ", ".join(filter(None, [f"roles: [{', '.join(roles)}]", more]))
    return f"kind: user\nversion: v2\nmetadata: {{name: '{name}'}}\nspec: {{{spec}}}\n---\n"


DEV_PODS = dev_role("dev-pods", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}")
READ_DEV_PODS = dev_role("dev-pods", "{kind: pod, namespace: dev, name: '*', verbs: [get, list, watch]}")
ASKS = """kind: role
version: v7
metadata: {name: asks}
spec: {allow: {request: {search_as_roles: [dev-pods]}}}
---
"""
REVIEWS = """kind: role
version: v7
metadata: {name: reviews}
spec: {allow: {review_requests: {roles: [dev-pods], preview_as_roles: [dev-pods]}}}
---
"""
ALICE, BOB, ROOT = user("alice", "asks"), user("bob", "reviews"), user("root", "editor")
ACCESS = DEV_PODS + ASKS + REVIEWS + ALICE + BOB + ROOT
READ_ACCESS = READ_DEV_PODS + ASKS + REVIEWS + ALICE + BOB + ROOT

# The main story's roles, which an administrator writes while postern runs. Users are invited.
STORY = dev_role(
    "k8s-access",
    "{kind: pod, namespace: dev, name: '*', verbs: ['*']}",
    "{kind: deployment, namespace: dev, name: '*', verbs: [get, list, watch]}",
) + """kind: role
version: v8
metadata: {name: k8s-requester}
spec:
  allow:
    request:
      search_as_roles: [k8s-access]
---
kind: role
version: v8
metadata: {name: k8s-resource-requester-reviewer}
spec:
  allow:
    review_requests:
      roles: [k8s-access]
      preview_as_roles: [k8s-access]
"""
