"""Values: what is wrong is refused, in words that say where."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from helm import CHART, CI_VALUES, Helm, HelmError, find


def test_lint(helm: Helm) -> None:
    said = helm("lint", "--strict", CHART)
    assert "1 chart(s) linted, 0 chart(s) failed" in said


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_lint_of_ci_values(helm: Helm, values: Path) -> None:
    helm("lint", "--strict", CHART, "-f", values)


# Values, and a part of what helm says about them.
REFUSED_BY_SCHEMA: list[tuple[str, str]] = [
    ("replicaCuont: 2", "'replicaCuont' not allowed"),
    ("Config: {}", "'Config' not allowed"),
    ("image: {tga: '1'}", "'tga' not allowed"),
    ("image: {digest: latest}", "/image/digest"),
    ("image: {pullPolicy: always}", "/image/pullPolicy"),
    ("kind: StatefulSet", "/kind"),
    ("replicaCount: three", "/replicaCount"),
    ("replicaCount: -1", "/replicaCount"),
    ("config: {clusternName: a}", "'clusternName' not allowed"),
    ("config: {limits: {maxConnection: 1}}", "'maxConnection' not allowed"),
    ("config: {kubeClusters: [{name: a, inClutser: true}]}", "'inClutser' not allowed"),
    ("config: {authentication: {clientCAFile: {path: /ca.crt}}}", "'path' not allowed"),
    ("kubeCluster: {name: Not_A_Label}", "/kubeCluster/name"),
    ("additionalKubeClusters: [{name: a}]", "missing property 'kubeconfigSecret'"),
    ("rolesAndUsers: [{kind: rule, metadata: {name: a}}]", "/rolesAndUsers/0/kind"),
    ("rolesAndUsers: [{kind: role}]", "missing property 'metadata'"),
    ("impersonation: {mode: none}", "/impersonation/mode"),
    ("impersonation: {groups: dev-team}", "/impersonation/groups"),
    ("impersonation: {groups: ['system:masters']}", "/impersonation/allowUnsafe"),
    ("impersonation: {groups: [a, 'system:masters'], allowUnsafe: false}", "/impersonation/allowUnsafe"),
    ("impersonation: {users: ['system:masters']}", "/impersonation/allowUnsafe"),
    ("impersonation: {groups: ['*']}", "/impersonation/groups/0"),
    ("impersonation: {users: ['*']}", "/impersonation/users/0"),
    ("impersonation: {groups: ['']}", "/impersonation/groups/0"),
    ("impersonation: {groups: [' a']}", "/impersonation/groups/0"),
    ("impersonation: {extraKeys: ['*']}", "'extraKeys' not allowed"),
    ("impersonation: {actions: [{apiGroups: [''], resources: [pods], verbs: ['*']}]}", "/verbs/0"),
    ("impersonation: {actions: [{apiGroups: [''], resources: [pods], verb: [get]}]}", "'verb' not allowed"),
    ("impersonation: {serviceAccount: {automount: true}}", "'automount' not allowed"),
    ("serviceAccountToken: {expirationSeconds: 60}", "/serviceAccountToken/expirationSeconds"),
    ("serviceAccountToken: {expirationSeconds: 3607}", "/serviceAccountToken/expirationSeconds"),
    ("tls: {existingSecretName: a}", "'existingSecretName' not allowed"),
    ("tls: {certManager: {issuer: a}}", "'issuer' not allowed"),
    ("tls: {certManager: {duration: 90d}}", "/tls/certManager/duration"),
    ("tls: {certManager: {privateKey: {algorithm: DSA}}}", "/algorithm"),
    ("tls: {files: {certFile: relative.crt}}", "/tls/files/certFile"),
    ("persistence: {size: large}", "/persistence/size"),
    ("crds: {enable: true}", "'enable' not allowed"),
    ("service: {type: ExternalName}", "/service/type"),
    ("service: {port: 0}", "/service/port"),
    ("service: {nodeport: 30000}", "'nodeport' not allowed"),
    ("ingress: {enabled: true}", "/ingress/hosts"),
    ("serviceMonitor: {renderMode: maybe}", "/serviceMonitor/renderMode"),
    ("serviceMonitor: {labels: {a: b}}", "'labels' not allowed"),
    ("podDisruptionBudget: {minavailable: 1}", "'minavailable' not allowed"),
    ("autoscaling: {minReplicas: 0}", "/autoscaling/minReplicas"),
    ("networkPolicy: {ingress: []}", "'ingress' not allowed"),
    ("resources: {limit: {cpu: 1}}", "'limit' not allowed"),
    ("resources: {limits: {memory: 1Q}}", "/resources/limits/memory"),
    ("podSecurityContext: {runAsNonroot: true}", "'runAsNonroot' not allowed"),
    ("securityContext: {capabilities: {dorp: [ALL]}}", "'dorp' not allowed"),
    ("tolerations: [{keys: a}]", "'keys' not allowed"),
    ("affinity: {podAntiaffinity: {}}", "'podAntiaffinity' not allowed"),
    ("topologySpreadConstraints: [{topologyKey: zone}]", "missing properties"),
    ("livenessProbe: {period: 3}", "'period' not allowed"),
    ("commonLabels: {a: 1}", "/commonLabels/a"),
    ("extraArgs: --log-level=debug", "/extraArgs"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED_BY_SCHEMA, ids=[text for text, _ in REFUSED_BY_SCHEMA])
def test_the_schema_refuses(helm: Helm, text: str, said: str) -> None:
    with pytest.raises(HelmError, match="specifications of the schema") as refused:
        helm.render(values=yaml.safe_load(text))
    assert said in str(refused.value)


# Values that are good one by one, and what is said about them together.
REFUSED_TOGETHER: list[tuple[str, str]] = [
    ("{replicaCount: 2, config: {storage: {type: sqlite}}}", "config.storage.type sqlite is for one pod"),
    ("{kind: DaemonSet, config: {storage: {type: memory}}}", "config.storage.type memory is for one pod"),
    ("{autoscaling: {enabled: true}, config: {storage: {type: sqlite}}}", "is for one pod"),
    ("{replicaCount: 2, persistence: {enabled: true}}", "persistence is for one pod"),
    ("{kind: Sidecar, persistence: {enabled: true}}", "persistence is not for kind Sidecar"),
    ("{kind: DaemonSet, autoscaling: {enabled: true}}", "autoscaling is for kind Deployment"),
    ("{autoscaling: {enabled: true, minReplicas: 9, maxReplicas: 3}}", "minReplicas is more than"),
    ("{hostPort: 443}", "hostNetwork and hostPort are for kind DaemonSet"),
    ("{hostNetwork: true}", "hostNetwork and hostPort are for kind DaemonSet"),
    ("{tls: {existingSecret: a, certManager: {enabled: true}}}", "tls.existingSecret, tls.certManager"),
    ("{tls: {existingSecret: a}, config: {tls: {names: [b]}}}", "tls.existingSecret, config.tls"),
    ("{tls: {files: {certFile: /tls.crt}}}", "tls.files needs both"),
    ("{serviceMonitor: {enabled: true}, podMonitor: {enabled: true}}", "scrape everything twice"),
    ("{serviceMonitor: {enabled: true}, metricsService: {enabled: false}}", "needs metricsService"),
    ("{podDisruptionBudget: {minAvailable: 1}}", "exactly one of minAvailable and maxUnavailable"),
    ("{podDisruptionBudget: {maxUnavailable: null}}", "exactly one of minAvailable and maxUnavailable"),
    ("{impersonation: {mode: constrained, serviceAccounts: [{namespace: a, name: b}]}}", "needs mode legacy"),
    ("{impersonation: {serviceAccount: {create: false}}}", "needs a name when it is not created"),
    ("{kubeCluster: {enabled: false}}", "there is no cluster"),
    ("{kubeCluster: {enabled: false}, additionalKubeClusters: [{name: a, kubeconfigSecret: {name: b}}]}",
     "needs kubeCluster.enabled, or config.storage.kubeCluster"),
    ("{config: {adminListen: '127.0.0.1:8081'}}", "the kubelet's probes"),
    ("{config: {adminListen: ''}}", "the kubelet's probes"),
    ("{terminationGracePeriodSeconds: 20}", "is less than config.drain takes (105 s)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED_TOGETHER, ids=[text for text, _ in REFUSED_TOGETHER])
def test_impossible_combinations(helm: Helm, text: str, said: str) -> None:
    with pytest.raises(HelmError, match="values that do not go together") as refused:
        helm.render(values=yaml.safe_load(text))
    assert said in str(refused.value)


def test_every_problem_is_told_at_once(helm: Helm) -> None:
    values: dict[str, Any] = {"hostPort": 443, "kubeCluster": {"enabled": False}}
    with pytest.raises(HelmError) as refused:
        helm.render(values=values)
    assert "hostNetwork and hostPort" in str(refused.value) and "no cluster" in str(refused.value)


def test_masters_only_when_asked_for(helm: Helm) -> None:
    values = {"impersonation": {"groups": ["system:masters"], "allowUnsafe": True}}
    role = find(helm.render(values=values), "ClusterRole", "postern-postern-impersonation")
    assert any("system:masters" in rule.get("resourceNames", ()) for rule in role["rules"])


def test_a_kind_that_the_cluster_does_not_know(helm: Helm) -> None:
    def kinds(mode: str) -> set[str]:
        return {o["kind"] for o in helm.render(values={"podMonitor": {"enabled": True, "renderMode": mode}})}

    assert "PodMonitor" not in kinds("skipIfMissing")
    assert "PodMonitor" in kinds("alwaysRender")
    with pytest.raises(HelmError, match="does not know monitoring.coreos.com/v1/PodMonitor"):
        kinds("failIfMissing")
    known = ("--api-versions", "monitoring.coreos.com/v1/PodMonitor")
    values = {"podMonitor": {"enabled": True}}
    assert "PodMonitor" in {o["kind"] for o in helm.render(*known, values=values)}


@pytest.mark.parametrize("name", ["impersonation.groups", "impersonation.users", "tls.dnsNames", "tls.ipAddresses",
                                  "ingress.hosts", "rolesAndUsers", "extraVolumes", "commonLabels",
                                  "podSecurityContext.runAsUser", "topologySpreadConstraints"])  # fmt: skip
def test_null_is_nothing(helm: Helm, name: str) -> None:
    """What `--set NAME=null` takes away is empty, and no accident."""
    assert find(helm.render("--set", f"{name}=null"), "Deployment")
