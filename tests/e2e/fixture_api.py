"""The attack matrix's cluster as answers of an API server, without any authorization of its own.

Bodies are written as kube-apiserver writes them: typed lists with `items` last and items without
kind, lists of custom resources with sorted keys, tables with PartialObjectMetadata. Everybody is
shown everything, so that whatever is missing downstream was taken out on the way.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from upstream import Recorded, Reply

DISCOVERY_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Kind:
    """A served kind: where it is and which verbs and subresources it has."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    verbs: tuple[str, ...] = tuple(ALL_VERBS)
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def custom(self) -> bool:
        return self.group == "e.com"


CREATE = ("create",)
POD_SUBRESOURCES = (
    "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy",
    "resize", "status", "checkpoint",
)  # fmt: skip
KINDS = [
    Kind("", "v1", "pods", "Pod", subresources=POD_SUBRESOURCES),
    Kind("", "v1", "bindings", "Binding", verbs=CREATE),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "configmaps", "ConfigMap"),
    Kind("", "v1", "events", "Event"),
    Kind("", "v1", "services", "Service", subresources=("proxy", "status")),
    Kind("", "v1", "endpoints", "Endpoints"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", subresources=("token",)),
    Kind("", "v1", "nodes", "Node", namespaced=False, subresources=("proxy", "status")),
    Kind("", "v1", "namespaces", "Namespace", namespaced=False,
         subresources=("finalize", "status")),
    Kind("apps", "v1", "deployments", "Deployment", subresources=("scale", "status")),
    Kind("apps", "v1", "replicasets", "ReplicaSet", subresources=("scale", "status")),
    Kind("e.com", "v1", "widgets", "Widget", subresources=("scale", "status")),
    Kind("e.com", "v2", "widgets", "Widget", subresources=("scale", "status")),
    Kind("e.com", "v1", "pods", "EPod"),
    Kind("events.k8s.io", "v1", "events", "Event"),
    Kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", verbs=("get", "list")),
    Kind("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False, verbs=("get", "list")),
    Kind("custom.metrics.k8s.io", "v1beta1", "pods", "MetricValueList", verbs=("get",),
         subresources=("cpu",)),
    Kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    Kind("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
    Kind("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Kind("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest",
         False, subresources=("approval", "status")),
    Kind("apiregistration.k8s.io", "v1", "apiservices", "APIService", False),
    Kind("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
         "ValidatingWebhookConfiguration", False),
    Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
         False, verbs=CREATE),
    Kind("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview",
         False, verbs=CREATE),
    Kind("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview",
         False, verbs=CREATE),
    Kind("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview",
         verbs=CREATE),
    Kind("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", False, verbs=CREATE),
    Kind("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False,
         verbs=CREATE),
]  # fmt: skip


def compact(value: Any) -> bytes:
    """JSON as Go writes it: no spaces, `&`, `<` and `>` escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode()


def make_object(kind: Kind, namespace: str, name: str, number: int, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata |= {
        "uid": f"00000000-0000-4000-8000-{number:012d}",
        "resourceVersion": str(100 + number),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app": name.rstrip("0123456789-")},
        "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "v1",
                           "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {}}}}],
    }  # fmt: skip
    return {"metadata": metadata, **more}


def about(kind: str, name: str, related: str = "") -> dict[str, Any]:
    reference = {"kind": kind, "namespace": "dev", "name": name, "apiVersion": "v1"}
    event: dict[str, Any] = {"involvedObject": reference, "reason": "Started", "message": "done"}
    if related:
        event["related"] = {"kind": "Pod", "namespace": "dev", "name": related, "apiVersion": "v1"}
    return event


OBJECTS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "pods": [
        (ns, name, {"spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
                    "status": {"phase": "Running"}})
        for ns, name in (("dev", "db-0"), ("dev", "nginx-1"), ("dev", "nginx-2"),
                         ("prod", "nginx-1"))
    ],
    "secrets": [("dev", "app-config", {"data": {"a": "Yg=="}, "type": "Opaque"}),
                ("dev", "root-token", {"data": {"t": "eA=="}, "type": "Opaque"})],
    "configmaps": [("dev", "settings", {"data": {"mode": "fast"}})],
    "deployments": [("dev", "api", {"spec": {"replicas": 1}}),
                    ("dev", "web", {"spec": {"replicas": 1}})],
    "services": [("dev", "db", {"spec": {}}), ("dev", "web", {"spec": {}})],
    "nodes": [("", "n1", {"spec": {}})],
    "namespaces": [("", "dev", {"spec": {}}), ("", "prod", {"spec": {}}),
                   ("", "kube-system", {"spec": {}})],
    "widgets": [("dev", "w1", {"spec": {"size": 1}}), ("dev", "w2", {"spec": {"size": 2}}),
                ("prod", "w1", {"spec": {"size": 3}})],
    "events": [("dev", "nginx-1.started", about("Pod", "nginx-1")),
               ("dev", "db-0.started", about("Pod", "db-0")),
               ("dev", "nginx-1.abc", about("Pod", "db-0")),
               ("dev", "nginx-1.related", about("Pod", "nginx-1", related="db-0")),
               ("dev", "nginx-1.forged", about("Secret", "nginx-1"))],
}  # fmt: skip
METRICS = [("dev", "db-0"), ("dev", "nginx-1"), ("dev", "nginx-2"), ("prod", "nginx-1")]


@dataclass
class Target:
    """A request's path taken apart (already canonical when postern sent it)."""

    kind: Kind
    namespace: str
    name: str
    subresource: str


def parse_target(path: str) -> Target | None:
    match = re.fullmatch(
        r"/(?:api/(?P<v>v1)|apis/(?P<g>[^/]+)/(?P<gv>[^/]+))"
        r"(?:/namespaces/(?P<ns>[^/]+)(?=/[^/]+))?"
        r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>.+))?",
        path,
    )
    if not match:
        return None
    group, version = match["g"] or "", match["gv"] or match["v"]
    for kind in KINDS:
        if (kind.group, kind.version, kind.plural) == (group, version, match["plural"]):
            return Target(kind, match["ns"] or "", match["name"] or "", match["sub"] or "")
    return None


class FixtureApi:
    """Answers requests by METHOD, path, selectors and Accept."""

    def __call__(self, request: Recorded) -> Reply:
        path = request.path
        if path in ("/livez", "/readyz", "/healthz"):
            return Reply(body=b"ok", content_type="text/plain; charset=utf-8")
        if path == "/version":
            version = {"major": "1", "minor": "37", "gitVersion": "v1.37.2", "platform": "linux"}
            return Reply(body=compact(version))
        if discovery := self._discovery(request):
            return discovery
        target = parse_target(path)
        if not target:
            return status(404, "NotFound", "the server could not find the requested resource")
        return self._resource(request, target)

    # -- discovery -------------------------------------------------------------------------

    def _discovery(self, request: Recorded) -> Reply | None:
        parts = request.path.strip("/").split("/")
        aggregated = "APIGroupDiscoveryList" in (request.get("Accept") or "")
        if parts in (["api"], ["apis"]):
            groups = sorted({k.group for k in KINDS} - {""}) if parts == ["apis"] else [""]
            if aggregated:
                return Reply(body=compact(aggregated_groups(groups)), content_type=DISCOVERY_TYPE)
            return Reply(body=compact(legacy_groups(groups)))
        if len(parts) == 2 and parts[0] == "apis":
            groups = [g for g in legacy_groups([parts[1]])["groups"] if g["versions"]]
            return Reply(body=compact(groups[0])) if groups else not_found()
        if len(parts) == 2 or (len(parts) == 3 and parts[0] == "apis"):
            group, version = (parts[1], parts[2]) if len(parts) == 3 else ("", parts[1])
            kinds = [k for k in KINDS if (k.group, k.version) == (group, version)]
            return Reply(body=compact(resource_list(kinds))) if kinds else not_found()
        return None

    # -- objects ---------------------------------------------------------------------------

    def _resource(self, request: Recorded, target: Target) -> Reply:
        if target.kind.plural == "selfsubjectaccessreviews":
            review = json.loads(request.message.body)
            return Reply(201, compact({**review, "status": {"allowed": True}}))
        if target.subresource:
            return self._subresource(request, target)
        if request.method == "POST":
            return Reply(201, request.message.body)
        if not target.name:
            if request.parameter("watch"):
                return self._watch(request, target)
            return self._list(request, target)
        for item in self.items(target.kind):
            metadata = item["metadata"]
            if (metadata.get("namespace", ""), metadata["name"]) == (target.namespace, target.name):
                return Reply(body=compact(self._whole(target.kind, item)) + b"\n")
        return not_found(target)

    def items(self, kind: Kind) -> list[dict[str, Any]]:
        if kind.group == "metrics.k8s.io":
            wanted = METRICS if kind.plural == "pods" else [("", "n1")]
            return [{"metadata": {"name": name, "namespace": ns, "labels": {}},
                     "timestamp": "2026-01-01T00:00:00Z", "window": "10s", "containers": []}
                    for ns, name in wanted]  # fmt: skip
        if kind.group == "e.com" and kind.plural == "pods":
            return [make_object(kind, "dev", "nginx-1", 90)]
        found = []
        for number, (namespace, name, more) in enumerate(OBJECTS.get(kind.plural, [])):
            item = make_object(kind, namespace, name, number, **more)
            if kind.group == "events.k8s.io":
                item["regarding"] = item.pop("involvedObject")
                item["note"] = item.pop("message")
            found.append(item)
        return found

    def _whole(self, kind: Kind, item: dict[str, Any]) -> dict[str, Any]:
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        return {**named, **item} if kind.custom else {**dict(reversed(named.items())), **item}

    def _selected(self, request: Recorded, target: Target) -> list[dict[str, Any]]:
        wanted = [
            item for item in self.items(target.kind)
            if target.namespace in ("", item["metadata"].get("namespace", ""))
        ]  # fmt: skip
        for term in filter(None, (request.parameter("fieldSelector") or "").split(",")):
            match = re.fullmatch(r"([\w.]+)(!=|==|=)(.*)", term)
            assert match, "a field selector reached the API server that it cannot parse"
            path, operator, value = match.groups()
            wanted = [i for i in wanted if (lookup(i, path) == value) != (operator == "!=")]
        return wanted

    def _list(self, request: Recorded, target: Target) -> Reply:
        if request.parameter("fieldSelector") == "garbage":
            return status(400, "BadRequest", 'invalid selector: "garbage"; can\'t understand it')
        items = self._selected(request, target)
        if request.method == "DELETE":
            return Reply(body=list_body(target.kind, items))
        if "as=Table" in (request.get("Accept") or ""):
            return Reply(body=compact(table(request, items)) + b"\n")
        if "as=PartialObjectMetadataList" in (request.get("Accept") or ""):
            return Reply(body=partial_list(items))
        return Reply(body=list_body(target.kind, items))

    def _watch(self, request: Recorded, target: Target) -> Reply:
        events = [
            {"type": "ADDED", "object": self._whole(target.kind, item)}
            for item in self._selected(request, target)
        ]
        bookmark = {"metadata": {"resourceVersion": "999", "creationTimestamp": None}}
        events.append({"type": "BOOKMARK", "object": self._whole(target.kind, bookmark)})
        return Reply(pieces=[compact(event) + b"\n" for event in events])

    def _subresource(self, request: Recorded, target: Target) -> Reply:
        if target.subresource == "log":
            return Reply(body=b"a line\n", content_type="text/plain")
        if target.subresource == "scale":
            scale = {"kind": "Scale", "apiVersion": "autoscaling/v1",
                     "metadata": {"name": target.name, "namespace": target.namespace},
                     "spec": {"replicas": 1}, "status": {"replicas": 1}}  # fmt: skip
            return Reply(body=compact(scale))
        answer = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return Reply(200 if request.method == "GET" else 201, compact(answer))


def lookup(item: dict[str, Any], path: str) -> str:
    value: Any = item
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def status(code: int, reason: str, message: str) -> Reply:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code}  # fmt: skip
    return Reply(code, compact(body))


def not_found(target: Target | None = None) -> Reply:
    if not target:
        return status(404, "NotFound", "the server could not find the requested resource")
    return status(404, "NotFound", f'{target.kind.plural} "{target.name}" not found')


def list_body(
    kind: Kind, items: list[dict[str, Any]], metadata: dict[str, Any] | None = None
) -> bytes:
    """A list as kube-apiserver writes it, with `remainingItemCount` as if more were to come."""
    metadata = {"resourceVersion": "999", "remainingItemCount": 41} | (metadata or {})
    if kind.custom:
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        items = [{**named, **item} for item in items]
        return compact({"apiVersion": kind.api_version, "items": items,
                        "kind": f"{kind.kind}List", "metadata": metadata}) + b"\n"  # fmt: skip
    return compact({"kind": f"{kind.kind}List", "apiVersion": kind.api_version,
                    "metadata": metadata, "items": items}) + b"\n"  # fmt: skip


def partial(item: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": item["metadata"]}  # fmt: skip


def partial_list(items: list[dict[str, Any]]) -> bytes:
    return compact({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": "999"},
                    "items": [partial(item) for item in items]}) + b"\n"  # fmt: skip


COLUMNS = [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}]


def table(
    request: Recorded, items: list[dict[str, Any]], *, columns: bool = True
) -> dict[str, Any]:
    include = request.parameter("includeObject") or "Metadata"
    shown = {"None": lambda i: None, "Metadata": partial, "Object": lambda i: i}[include]
    rows = [{"cells": [item["metadata"]["name"]], "object": shown(item)} for item in items]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "999"},
            "columnDefinitions": COLUMNS if columns else [], "rows": rows}  # fmt: skip


# -- discovery documents -------------------------------------------------------------------------


def aggregated_groups(groups: list[str]) -> dict[str, Any]:
    items = []
    for group in groups:
        versions = list(dict.fromkeys(k.version for k in KINDS if k.group == group))
        metadata = {"creationTimestamp": None} | ({"name": group} if group else {})
        items.append({"metadata": metadata, "versions": [
            {"version": version, "freshness": "Current",
             "resources": [aggregated_kind(k) for k in KINDS
                           if (k.group, k.version) == (group, version)]}
            for version in versions]})  # fmt: skip
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": items}  # fmt: skip


def aggregated_kind(kind: Kind) -> dict[str, Any]:
    response = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    return {
        "resource": kind.plural, "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.kind.lower(), "verbs": list(kind.verbs),
        "subresources": [{"subresource": sub, "responseKind": response,
                          "verbs": ["create", "get", "patch", "update"]}
                         for sub in kind.subresources],
    }  # fmt: skip


def legacy_groups(groups: list[str]) -> dict[str, Any]:
    if groups == [""]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    listed = []
    for group in groups:
        versions = [{"groupVersion": f"{group}/{v}", "version": v}
                    for v in dict.fromkeys(k.version for k in KINDS if k.group == group)]  # fmt: skip
        listed.append({"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": versions,
                       "preferredVersion": versions[0] if versions else None})  # fmt: skip
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def resource_list(kinds: list[Kind]) -> dict[str, Any]:
    resources = []
    for kind in kinds:
        named = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced,
                 "kind": kind.kind}  # fmt: skip
        resources.append({"name": kind.plural, **named, "verbs": list(kind.verbs)})
        for sub in kind.subresources:
            verbs = ["create", "get", "patch", "update"]
            resources.append({"name": f"{kind.plural}/{sub}", **named, "verbs": verbs})
    return {"kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": kinds[0].api_version, "resources": resources}  # fmt: skip
