"""The access API played by a script, for what the real one does not do on demand: strange texts,
broken connections, decisions at a chosen moment. It keeps objects by kind and name and knows nothing
of roles; tests look at what was asked of it and set what it answers."""

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from upstream import Connection, Recorded, Reply

PREFIX = "/apis/access.postern.dev/v1alpha1/"
KINDS = {"accessrequests": "AccessRequest", "accessroles": "AccessRole", "accessusers": "AccessUser",
         "sessions": "Session", "kubeclusters": "KubeCluster"}  # fmt: skip
Object = dict[str, Any]


def answer(value: Object, status: int = 200, **fields: str) -> Reply:
    named = [(name.replace("_", "-"), text) for name, text in fields.items()]
    return Reply(status, json.dumps(value).encode(), fields=named)


def refusal(code: int, reason: str, message: str, causes: list[Object] | None = None) -> Reply:
    return answer(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
         "message": message, "details": {"causes": causes or []}},
        code,
    )  # fmt: skip


@dataclass
class ScriptedAccess:
    """An `api` for RecordingUpstream."""

    token: str = "pst_of_alice"
    password: str = "sesame"
    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    refusals: list[Object] = field(default_factory=list)
    version: int = 1
    lock: threading.Condition = field(default_factory=threading.Condition)

    def put(self, resource: str, name: str, **parts: Any) -> Object:
        """Stores an object, and wakes up the watches."""
        with self.lock:
            self.version += 1
            known = self.objects.setdefault(resource, {})
            value = known.get(name, {"metadata": {"name": name, "uid": f"uid-{name}",
                                                  "creationTimestamp": "2026-01-01T00:00:00Z"}})  # fmt: skip
            value = {"apiVersion": "access.postern.dev/v1alpha1", "kind": KINDS[resource], **value}
            for key, part in parts.items():
                value[key] = {**value.get(key, {}), **part} if isinstance(part, dict) else part
            value["metadata"] = {**value["metadata"], "resourceVersion": str(self.version)}
            known[name] = value
            self.lock.notify_all()
            return value

    def request(self, name: str, state: str = "PENDING", **spec: Any) -> Object:
        return self.put(
            "accessrequests", name, spec={"user": "alice", "roles": ["dev"], **spec},
            status={"state": state, "effectiveDigest": "sha256:00", "implications": ["reads pods in dev"],
                    "accessExpires": "2099-01-01T00:00:00Z", "pendingExpires": "2098-01-01T00:00:00Z"},
        )  # fmt: skip

    # -- answers ---------------------------------------------------------------------------

    def __call__(self, asked: Recorded) -> Reply:
        if not asked.path.startswith(PREFIX):
            return answer({"major": "1"})
        parts = [unquote(part) for part in asked.path[len(PREFIX) :].split("/")]
        body = json.loads(asked.message.body) if asked.message.body else {}
        if parts == ["sessions"] and asked.method == "POST" and "login" in body.get("spec", {}):
            return self.login(body["spec"])
        if not (asked.get("Authorization") or "").startswith("Bearer pst_"):
            return refusal(401, "Unauthorized", "Unauthorized")
        if parts[0] == "sessions":
            return self.sessions(asked, parts, body)
        if parts[0] == "resourcesearches":
            return answer({"kind": "ResourceSearch", "status": self.objects["search"]["pages"].pop(0)}, 201)
        if len(parts) == 3:
            return self.subresource(asked, parts, body)
        return self.plain(asked, parts, body)

    def login(self, spec: Object) -> Reply:
        given = spec["login"]
        if given.get("password") != self.password and given.get("invite") != "once":
            return refusal(401, "Unauthorized", "Unauthorized")
        return self.session("s1", self.token, given["user"], spec.get("requests", []))

    def session(self, name: str, token: str, user: str, requests: list[str]) -> Reply:
        self.put("sessions", name, status={"user": user, "expirationTimestamp": "2099-01-01T00:00:00Z",
                                           "requests": requests})  # fmt: skip
        made = json.loads(json.dumps(self.objects["sessions"][name]))
        made["status"]["token"] = token
        return answer(made, 201)

    def sessions(self, asked: Recorded, parts: list[str], body: Object) -> Reply:
        own = "s1" if (asked.get("Authorization") or "").endswith(self.token) else "child"
        if asked.method == "POST" and len(parts) == 1:
            return self.session("child", "pst_of_child", "alice", body["spec"].get("requests", []))
        if len(parts) == 1:
            return answer({"kind": "SessionList", "items": list(self.objects["sessions"].values())})
        name = own if parts[1] == "self" else parts[1]
        if name not in self.objects.get("sessions", {}):
            return refusal(401, "Unauthorized", "Unauthorized")
        if parts[2:] == ["refusals"]:
            return answer({"kind": "RefusalList", "items": self.refusals})
        if parts[2:] == ["requests"]:
            present = self.objects["sessions"][name]["status"]["requests"]
            drop = body["spec"].get("drop", [])
            kept = [r for r in present if "*" not in drop and r not in drop]
            self.put("sessions", name, status={"requests": kept + body["spec"].get("assume", [])})
        if asked.method == "DELETE":
            return answer(self.objects["sessions"].pop(name))
        return answer(self.objects["sessions"][name])

    def subresource(self, asked: Recorded, parts: list[str], body: Object) -> Reply:
        if parts[2] == "review":
            return answer({"status": self.objects.get("may", {}).get(parts[1], {"mayReview": True})})
        if parts[2] == "preview":
            return answer({"status": {"resources": [{"id": "/c/pod/k/dev/a", "name": "a", "namespace": "dev"}]}})
        if parts[2] == "invite":
            return answer({"status": {"token": "once", "expirationTimestamp": "2099-01-01T00:00:00Z"}}, 201)
        spec = body["spec"]
        states = {"Approve": "APPROVED", "Deny": "DENIED", "Revoke": "REVOKED"}
        review = {"author": "bob", "decision": spec["decision"], "reason": spec.get("reason", "")}
        return answer(self.put("accessrequests", parts[1],
                               status={"state": states[spec["decision"]], "reviews": [review]}), 201)  # fmt: skip

    def plain(self, asked: Recorded, parts: list[str], body: Object) -> Reply:
        known = self.objects.setdefault(parts[0], {})
        if asked.method == "POST":
            name = body["metadata"].get("name") or f"made{self.version}"
            if name in known:
                return refusal(409, "AlreadyExists", f'"{name}" already exists')
            if parts[0] == "accessrequests":
                return answer(self.request(name, **body["spec"]), 201)
            return answer(self.put(parts[0], name, spec=body["spec"], version=body.get("version", "v8")), 201)
        if len(parts) == 1:
            if asked.parameter("watch") == "true":
                return Reply(raw=lambda connection, recorded: self.watch(connection, recorded, parts[0]))
            return answer({"kind": f"{KINDS[parts[0]]}List", "items": self.chosen(asked, known),
                           "metadata": {"resourceVersion": str(self.version)}})  # fmt: skip
        if parts[1] not in known:
            return refusal(404, "NotFound", f'{parts[0]} "{parts[1]}" not found')
        if asked.method == "DELETE":
            return answer(known.pop(parts[1]))
        if asked.method in ("PUT", "PATCH"):
            return answer(self.put(parts[0], parts[1], spec=body["spec"]))
        return answer(known[parts[1]])

    def chosen(self, asked: Recorded, known: dict[str, Object]) -> list[Object]:
        terms = [t.split("=", 1) for t in (asked.parameter("fieldSelector") or "").split(",") if t]

        def holds(item: Object, path: str, wanted: str) -> bool:
            return (value(item, path.removesuffix("!")) == wanted) != path.endswith("!")

        def value(item: Object, path: str) -> Any:
            if path == "status.reviewable":
                may = self.objects.get("may", {}).get(item["metadata"]["name"], {"mayReview": True})
                return str(may["mayReview"] and item["status"]["state"] == "PENDING").lower()
            for key in path.split("."):
                item = item.get(key, {})
            return item

        return [i for i in known.values() if all(holds(i, path, wanted) for path, wanted in terms)]

    def watch(self, connection: Connection, asked: Recorded, resource: str) -> None:
        """Sends every later version of the objects until the client goes, ten seconds at most."""
        connection.send_head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
        seen = int(asked.parameter("resourceVersion") or "0")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with self.lock:
                fresh = [o for o in self.chosen(asked, self.objects[resource])
                         if int(o["metadata"]["resourceVersion"]) > seen]  # fmt: skip
                if not fresh:
                    self.lock.wait(0.2)
            for item in fresh:
                seen = max(seen, int(item["metadata"]["resourceVersion"]))
                line = json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n"
                connection.send_chunk(line)
            if connection.wait_for_end(0.01):
                return
        connection.send(b"0\r\n\r\n")
