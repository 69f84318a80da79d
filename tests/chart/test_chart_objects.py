"""Objects: what the API server says about every combination of values, and what must be in them."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from cluster import Cluster
from helm import (
    CHART, CI_VALUES, SOURCE, WITHOUT_NAMESPACE, Helm, Object, configuration, container, find, find_all, pod_spec,
    with_namespace,
)  # fmt: skip


def ci(name: str) -> tuple[str, Path]:
    """Arguments for the values of one combination."""
    return "-f", next(path for path in CI_VALUES if path.name == f"{name}-values.yaml")


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_the_api_server_takes_every_object(
    helm: Helm, chart_cluster: Cluster, values: Path
) -> None:
    """Strictly: a field that it does not know is an error. Pods go through admission as well."""
    objects = helm.render("-f", values)
    objects += [pod_of(o) for o in objects if o["kind"] in ("Deployment", "DaemonSet")]
    text = yaml.safe_dump_all(with_namespace(objects))
    done = chart_cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
    taken = done.stdout.splitlines()
    assert len(taken) == len(objects), done.stdout
    assert all(line.endswith("(server dry run)") for line in taken)
    assert "would violate PodSecurity" not in done.stderr or hosts(values), done.stderr


def hosts(values: Path) -> bool:
    """Whether the combination wants what `restricted` forbids: a port of the node."""
    return bool((yaml.safe_load(values.read_text()) or {}).get("hostPort"))


def pod_of(workload: Object) -> Object:
    """A pod as its controller would make it; without what a node's port needs."""
    template = workload["spec"]["template"]
    spec = yaml.safe_load(yaml.safe_dump(template["spec"]))
    for one in spec["containers"]:
        for port in one.get("ports", ()):
            port.pop("hostPort", None)
    for name in ("priorityClassName", "serviceAccountName"):
        spec.pop(name, None)  # they do not exist in a dry run
    spec["serviceAccountName"] = "default"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{workload['metadata']['name']}-0", **template["metadata"]},
        "spec": spec,
    }


def test_pod_security_restricted_is_enforced_here(chart_cluster: Cluster) -> None:
    """Else the test above would prove nothing about pods."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose"},
           "spec": {"containers": [{"name": "main", "image": "postern"}]}}  # fmt: skip
    done = chart_cluster.kubectl(
        "create", "--dry-run=server", "-n", "postern", "-f", "-", stdin=yaml.safe_dump(pod), check=False
    )
    assert done.returncode == 1 and 'violates PodSecurity "restricted' in done.stderr


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_every_object_is_labelled_and_in_its_place(helm: Helm, values: Path) -> None:
    for one in helm.render("-f", values, release="door", namespace="gate"):
        metadata, kind = one["metadata"], one["kind"]
        if kind == "ConfigMap" and metadata["name"] in ("door-extra", "door-text"):
            continue  # extraObjects are as their author wrote them
        assert metadata["labels"]["app.kubernetes.io/instance"] == "door", metadata
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "postern", metadata
        if kind in WITHOUT_NAMESPACE:
            assert "namespace" not in metadata
            assert "door" in metadata["name"] or kind == "CustomResourceDefinition", metadata
            assert "gate" in metadata["name"] or kind == "CustomResourceDefinition", metadata
        else:
            assert metadata["namespace"] in ("gate", "monitoring", "kube-system", "default")
        selector = one.get("spec", {}).get("selector", {})
        if kind in ("Deployment", "DaemonSet"):
            assert set(selector["matchLabels"]) == {
                "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"
            }  # fmt: skip
            assert selector["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()


def test_services_find_the_pods(helm: Helm) -> None:
    objects = helm.render()
    labels = find(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    ports = {p["name"] for p in container(objects)["ports"]}
    for service in find_all(objects, "Service"):
        assert service["spec"]["selector"].items() <= labels.items()
        assert {p["targetPort"] for p in service["spec"]["ports"]} <= ports


def test_the_token_is_a_short_lived_one_for_postern_alone(helm: Helm) -> None:
    objects = helm.render(*ci("extras"))
    spec = pod_spec(objects)
    assert spec["automountServiceAccountToken"] is False
    assert all(a["automountServiceAccountToken"] is False for a in find_all(objects, "ServiceAccount"))
    volume = next(v for v in spec["volumes"] if v["name"] == "kube-api-access")
    token = volume["projected"]["sources"][0]["serviceAccountToken"]
    assert token == {"path": "token", "expirationSeconds": 600, "audience": "https://kubernetes.default.svc"}
    with_token = [c["name"] for c in spec["containers"] + spec["initContainers"]
                  if any(m["name"] == "kube-api-access" for m in c.get("volumeMounts", ()))]  # fmt: skip
    assert with_token == ["postern"]


def test_no_pod_has_the_impersonating_account(helm: Helm) -> None:
    objects = helm.render(*ci("ha"))
    bindings = {b["roleRef"]["name"]: b["subjects"][0]["name"] for b in find_all(objects, "ClusterRoleBinding")}
    assert bindings == {"postern-postern": "postern", "postern-postern-impersonation": "postern-impersonator"}
    assert pod_spec(objects)["serviceAccountName"] == "postern"
    assert "impersonat" not in str(find(objects, "ClusterRole", "postern-postern")["rules"])
    assert configuration(objects)["kubeClusters"] == [
        {"name": "local", "inCluster": True,
         "impersonator": {"serviceAccount": "postern-impersonator", "namespace": "postern"}}
    ]  # fmt: skip
    assert find(objects, "Role", "postern")["rules"] == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["serviceaccounts/token"],
         "resourceNames": ["postern-impersonator"], "verbs": ["create"]},
    ]  # fmt: skip


def test_a_changed_configuration_makes_new_pods_and_changed_roles_do_not(helm: Helm) -> None:
    def checksum(values: Object) -> str:
        template = find(helm.render(values=values), "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    role = {"kind": "role", "version": "v8", "metadata": {"name": "a"}, "spec": {}}
    other = {**role, "metadata": {"name": "b"}}
    assert checksum({}) != checksum({"config": {"clusterName": "other"}})
    assert checksum({"rolesAndUsers": [role]}) == checksum({"rolesAndUsers": [other]})
    assert checksum({"rolesAndUsers": [role]}) != checksum({})  # a file more that is read


def test_config_stands_and_the_rest_is_filled_in(helm: Helm) -> None:
    given = {
        "listen": "0.0.0.0:9443",
        "limits": {"maxConnections": 1000000, "headTimeout": "7s"},
        "drain": {"delay": "1m"},
        "logging": {"level": "debug"},
    }
    objects = helm.render(values={"config": given})
    made = configuration(objects)
    assert made["limits"] == given["limits"] and made["logging"] == given["logging"]
    assert made["drain"] == {"delay": "1m", "timeout": "100s"}
    assert made["listen"] == "0.0.0.0:9443"
    assert {"name": "https", "containerPort": 9443} in container(objects)["ports"]
    assert pod_spec(objects)["terminationGracePeriodSeconds"] == 60 + 100 + 5
    assert "postern.postern.svc.cluster.local" in made["tls"]["names"]


def test_a_pod_drains_for_longer_than_clients_keep_silent_connections(helm: Helm) -> None:
    """Go's do for 90 s, and `drain.idle` is a little more (docs/high-availability.md)."""
    objects = helm.render()
    drain = configuration(objects)["drain"]
    assert drain == {"delay": "5s", "timeout": "100s"}
    documented = (SOURCE / "docs" / "configuration.md").read_text()
    assert "| `drain.idle` | `1m35s` |" in documented
    assert pod_spec(objects)["terminationGracePeriodSeconds"] == 5 + 100 + 5


def test_how_many_pods_decides_what_is_made_for_them(helm: Helm) -> None:
    one, three = helm.render(), helm.render(*ci("ha"))
    assert not find_all(one, "PodDisruptionBudget")
    assert not find_all(helm.render(*ci("daemonset")), "PodDisruptionBudget")
    assert find(three, "PodDisruptionBudget")["spec"]["minAvailable"] == 2
    assert "maxUnavailable" not in find(three, "PodDisruptionBudget")["spec"]
    assert "topologySpreadConstraints" not in pod_spec(one)
    spread = pod_spec(three)["topologySpreadConstraints"][0]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "proxy"
    assert "replicas" not in find(helm.render(*ci("autoscaling")), "Deployment")["spec"]


def test_one_store_in_a_file_has_never_two_pods(helm: Helm) -> None:
    strategy = find(helm.render(*ci("sqlite")), "Deployment")["spec"]["strategy"]
    assert strategy == {"type": "Recreate"}
    strategy = find(helm.render(), "Deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_certificates_four_ways(helm: Helm) -> None:
    def tls(name: str) -> tuple[Object, list[str]]:
        objects = helm.render(*ci(name))
        secrets = [v["secret"]["secretName"] for v in pod_spec(objects)["volumes"] if v["name"] == "postern-tls"]
        return configuration(objects)["tls"], secrets

    mounted = {"certFile": "/etc/postern/tls/tls.crt", "keyFile": "/etc/postern/tls/tls.key"}
    assert tls("tls-secret") == (mounted, ["postern-certificate"])
    assert tls("tls-cert-manager") == (mounted, ["postern-tls"])
    assert tls("tls-cert-manager-own") == (mounted, ["postern-serving"])
    assert tls("tls-files") == (
        {"certFile": "/run/certificates/tls.crt", "keyFile": "/run/certificates/tls.key"}, []
    )  # fmt: skip
    made, secrets = tls("ha")
    assert made["names"][-1] == "postern.example.com" and not secrets
    certificate = find(helm.render(*ci("tls-cert-manager")), "Certificate")
    assert certificate["spec"]["secretName"] == "postern-tls"
    assert {"postern.postern.svc", "postern.example.com"} <= set(certificate["spec"]["dnsNames"])


def test_roles_are_given_as_they_are(helm: Helm) -> None:
    _, path = ci("roles")
    wanted = yaml.safe_load(path.read_text())["rolesAndUsers"]
    objects = helm.render("-f", path)
    text = find(objects, "ConfigMap", "postern-roles")["data"]["roles.yaml"]
    assert [d for d in yaml.safe_load_all(text) if d] == wanted
    assert configuration(objects)["resources"] == ["/etc/postern/roles/roles.yaml", "/etc/postern/roles-0/roles.yaml"]
    mounts = {m["name"]: m["mountPath"] for m in container(objects)["volumeMounts"]}
    assert mounts["postern-roles"] == "/etc/postern/roles" and mounts["postern-roles-0"] == "/etc/postern/roles-0"
    assert not [m for m in container(objects)["volumeMounts"] if "subPath" in m]  # those are never updated


def test_custom_resource_definitions_stay(helm: Helm) -> None:
    def kept(*args: str) -> list[bool]:
        found = find_all(helm.render(*args), "CustomResourceDefinition")
        return [o["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep" for o in found]

    assert all(kept())
    assert not any(kept("--set", "crds.keep=false"))
    assert kept("--set", "crds.enabled=false") == []


def test_helm_test_uses_posterns_own_image(helm: Helm) -> None:
    for name in ("default", "tls-cert-manager"):
        objects = helm.render(*ci(name))
        pod = find(objects, "Pod", "postern-test")
        assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
        spec = pod["spec"]
        assert {c["image"] for c in spec["containers"]} == {container(objects)["image"]}
        assert all(c["args"][0] == "healthcheck" for c in spec["containers"])
        assert spec["automountServiceAccountToken"] is False
        services = {o["metadata"]["name"].upper().replace("-", "_") for o in find_all(objects, "Service")}
        asked = re.findall(r"\$\((\w+)_SERVICE_HOST\)", str(spec))
        assert set(asked) <= services and len(asked) == len(spec["containers"])


def test_only_this_release_writes_what_it_stores(helm: Helm) -> None:
    objects = helm.render(release="door", namespace="gate")
    policy = find(objects, "ValidatingAdmissionPolicy", "gate-door-postern-store")
    writers = [v["expression"] for v in policy["spec"]["variables"] if v["name"] == "writer"]
    assert writers == ["'system:serviceaccount:gate:door-postern'"]
    binding = find(objects, "ValidatingAdmissionPolicyBinding")["spec"]
    assert binding["policyName"] == "gate-door-postern-store"
    assert binding["matchResources"]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "gate"}
    assert not find_all(helm.render(*ci("sqlite")), "ValidatingAdmissionPolicy")
    assert not find_all(helm.render("--set", "admissionPolicy.enabled=false"), "ValidatingAdmissionPolicy")


def test_the_store_has_its_rights_where_it_is(helm: Helm) -> None:
    storage = {"namespace": "vault", "secretName": "keys-of-postern"}
    objects = helm.render(values={"config": {"storage": {"type": "kubernetes", **storage}}})
    role = find(objects, "Role", "postern-postern-store")
    assert role["metadata"]["namespace"] == "vault"
    named = [r["resourceNames"] for r in role["rules"] if r["resources"] == ["secrets"] and "resourceNames" in r]
    assert named == [["keys-of-postern"]]
    assert not [r for r in role["rules"] if "*" in r["verbs"] or "*" in r["resources"]]
    binding = find(objects, "RoleBinding", "postern-postern-store")
    assert binding["metadata"]["namespace"] == "vault"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "postern", "namespace": "postern"}]
    assert not find_all(helm.render(*ci("memory")), "Role", "postern-postern-store")


def test_the_chart_names_its_custom_resource_definitions(helm: Helm) -> None:
    annotations = yaml.safe_load((CHART / "Chart.yaml").read_text())["annotations"]
    named = {(d["name"], d["kind"], d["version"]) for d in yaml.safe_load(annotations["artifacthub.io/crds"])}
    definitions = find_all(helm.render(), "CustomResourceDefinition")
    assert named == {
        (d["metadata"]["name"], d["spec"]["names"]["kind"], version["name"])
        for d in definitions for version in d["spec"]["versions"]
    }  # fmt: skip
    versions = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert container(helm.render())["image"] == f"postern:{versions['appVersion']}"


def test_rules_and_dashboard_are_the_files(helm: Helm, tmp_path: Path) -> None:
    prefix = "https://example.com/postern/"
    objects = helm.render(*ci("monitoring"), "--set", f"prometheusRule.runbookUrlPrefix={prefix}")
    groups = find(objects, "PrometheusRule")["spec"]["groups"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "postern-extra" in {group["name"] for group in groups}
    runbooks = [r["annotations"]["runbook_url"] for g in groups for r in g["rules"] if "annotations" in r]
    assert runbooks and all((SOURCE / url.removeprefix(prefix)).is_file() for url in runbooks)
    dashboard = find(objects, "ConfigMap", "postern-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    source = CHART / "files" / "monitoring" / "dashboard.json"
    assert json.loads(dashboard["data"]["postern.json"]) == json.loads(source.read_text())
