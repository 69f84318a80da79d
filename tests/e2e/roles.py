"""Role and user documents of the tests."""

# alice's grants G1 to G5 of the attack matrix. Principals are the same in both roles.
ALICE = """
kind: role
version: v7
metadata: {name: dev-team}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: 'nginx-*', verbs: [get, list, watch, create, update, patch, delete, exec, portforward]}
    - {kind: secret, namespace: dev, name: app-config, verbs: [get, list, watch]}
    - {kind: deployment, namespace: dev, name: web, verbs: [get, list, watch, update, patch]}
    - {kind: service, namespace: dev, name: web, verbs: [get, list, watch]}
---
kind: role
version: v8
metadata: {name: dev-widgets}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: widgets, api_group: e.com, namespace: dev, name: w1, verbs: [get, list, watch, update]}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [dev-team, dev-widgets]}
---
"""

# carol may update nginx-1 but not read it; dora may delete pods as a collection; dave has a service's proxy; erin has nothing; oscar, the
# operator, has everything; mallory's role names a system user.
OTHERS = """
kind: role
version: v7
metadata: {name: blind-writer}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: nginx-1, verbs: [update, patch, delete]}
---
kind: user
version: v2
metadata: {name: carol}
spec: {roles: [blind-writer]}
---
kind: role
version: v7
metadata: {name: cleaner}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: 'nginx-*', verbs: [get, list, delete, deletecollection]}
---
kind: user
version: v2
metadata: {name: dora}
spec: {roles: [cleaner]}
---
kind: role
version: v8
metadata: {name: service-proxy}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: services, namespace: dev, name: web, verbs: [proxy]}
---
kind: user
version: v2
metadata: {name: dave}
spec: {roles: [service-proxy]}
---
kind: user
version: v2
metadata: {name: erin}
spec: {roles: []}
---
kind: role
version: v8
metadata: {name: operator}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [operators]
    kubernetes_resources:
    - {kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}
---
kind: user
version: v2
metadata: {name: oscar}
spec: {roles: [operator]}
---
kind: role
version: v7
metadata: {name: masters}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: ['system:masters']
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: 'nginx-*', verbs: ['*']}
---
kind: user
version: v2
metadata: {name: mallory}
spec: {roles: [masters]}
---
"""

# Principals: grace may be one of two users; heidi's two roles have different groups.
PRINCIPALS = """
kind: role
version: v7
metadata: {name: two-users}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_users: [deployer, tester]
    kubernetes_groups: [dev-team, viewers]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: 'nginx-*', verbs: [get, list]}
---
kind: user
version: v2
metadata: {name: grace}
spec: {roles: [two-users]}
---
kind: role
version: v7
metadata: {name: reads-one}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: nginx-1, verbs: [get, list, watch]}
---
kind: role
version: v7
metadata: {name: reads-db}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [widget-readers]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: db-0, verbs: [get, list, watch]}
---
kind: user
version: v2
metadata: {name: heidi}
spec: {roles: [reads-one, reads-db]}
---
"""

# bob does everything inside of dev but what gives power; frank has a role by his group only.
TEAM = """
kind: role
version: v7
metadata: {name: all-of-dev}
spec:
  allow:
    kubernetes_labels: {env: test}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: namespace, name: dev, verbs: [get, list, watch, create, update, patch, delete, exec, portforward]}
  deny:
    kubernetes_resources:
    - {kind: secret, namespace: dev, name: root-token, verbs: ['*']}
---
kind: user
version: v2
metadata: {name: bob}
spec: {roles: [all-of-dev]}
---
"""
