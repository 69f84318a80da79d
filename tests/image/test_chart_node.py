"""The chart with postern's image where both will run: on a real node, in a namespace that enforces
restricted Pod Security, reached from outside through its Service. One step rests on the last."""

import json
import os
import time
from typing import Any

import pytest
from chart_world import NAMESPACE, RELEASE, ChartWorld
from documents import STORY

WEB = "/postern.test/pod/mycluster/dev/web-1"


# 1. It installs, where nothing may be more than restricted. -----------------------------------------


def test_1_the_namespace_enforces(world: ChartWorld) -> None:
    pod = world.cluster.real_node.pod(NAMESPACE, "loose")
    status, answer = world.cluster.request("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    assert status == 403 and 'violates PodSecurity "restricted:latest"' in answer["message"]


def test_1_install(world: ChartWorld) -> None:
    said = world.helm("install", RELEASE, "--wait", "--timeout=180s")
    assert "STATUS: deployed" in said
    world.wait_reachable()
    pods = world.pods()
    assert len(pods) == world.replicas
    for pod in pods:
        assert pod["spec"]["nodeName"] == "real"
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_1_the_process_is_what_the_namespace_wants(world: ChartWorld) -> None:
    """As the kernel has it, not as the manifest says."""
    status = world.process_status("postern")
    assert set(status["Uid"].split()) == {"65532"} and set(status["Gid"].split()) == {"65532"}
    assert int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_1_nothing_but_postern_runs_in_it(world: ChartWorld) -> None:
    done = world.exec("sh", "-c", "true", check=False)
    assert done.returncode != 0 and "executable file not found" in done.stderr
    assert world.exec("postern", "healthcheck", "--verbose").stdout.endswith("readyz check passed\n")


# 2. What `helm get notes` says, word for word. --------------------------------------------------------


def test_2_ready_and_tested(world: ChartWorld) -> None:
    said = world.run_notes("rollout status")
    assert "successfully rolled out" in said and "Phase:          Succeeded" in said


def test_2_the_first_administrator(world: ChartWorld) -> None:
    said = world.run_notes("PROXY=", "auth first-login").strip()
    assert said.startswith("postern login postern://admin@") and world.address in said
    world.log_in(world.admin, said)


def test_2_somebody_is_let_in(world: ChartWorld) -> None:
    (add,) = world.notes("users add YOU")
    said = world.admin.run("sh", "-c", add.replace("YOU", "yvonne")).stdout
    yvonne = world.person("yvonne")
    world.log_in(yvonne, next(line.strip() for line in said.splitlines() if "postern login postern://" in line))
    (use,) = world.notes("kube login")
    assert use.splitlines()[1:] == ["kubectl get pods"]
    assert "No resources found in default" in yvonne.run("sh", "-ec", use).stderr
    assert names(yvonne.kubectl("get", "pods", "-n", "dev").stdout) == ["web-1", "web-2"]


# 3. The story of a request, from outside and through the Service. ------------------------------------


def test_3_roles(world: ChartWorld) -> None:
    (world.admin.home / "roles.yaml").write_text(STORY)
    world.admin.postern("create", "-f", "roles.yaml")


def test_3_nothing_at_first(world: ChartWorld) -> None:
    for person, role in ((world.alice, "k8s-requester"), (world.bob, "k8s-resource-requester-reviewer")):
        added = world.admin.json("users", "add", person.name, "--roles", role)
        person.login(added["link"], kube=person is world.alice)
    said = world.alice.kubectl("get", "pods", code=1).stderr
    assert "Forbidden" in said and "postern request create" in said


def test_3_asked_for_approved_assumed(world: ChartWorld) -> None:
    made = world.alice.json("request", "create", "--resource", WEB, "--reason", "bug 12", "--nowait")
    world.request = made["metadata"]["name"]
    assert world.request in world.bob.postern("request", "ls", "--reviewable")
    world.bob.postern("request", "review", "--approve", "--yes", world.request)
    world.alice.postern("request", "assume", world.request)
    assert names(world.alice.kubectl("get", "pods").stdout) == ["web-1"]
    assert "Forbidden" in world.alice.kubectl("get", "pod", "web-2", code=1).stderr


@pytest.mark.parametrize("code", [0, 1, 7, 137])
def test_3_exit_codes(world: ChartWorld, code: int) -> None:
    world.alice.kubectl("exec", "web-1", "--", "sh", "-c", f"exit {code}", code=code)


def test_3_copy_both_ways(world: ChartWorld) -> None:
    sent = world.alice.home / "sent"
    sent.write_bytes(os.urandom(1_000_000))
    world.alice.kubectl("cp", "sent", "dev/web-1:/tmp/file")
    world.alice.kubectl("cp", "dev/web-1:/tmp/file", "received")
    assert (world.alice.home / "received").read_bytes() == sent.read_bytes()


def test_3_logs_follow(world: ChartWorld) -> None:
    with world.running(world.alice, "logs", "-f", "web-1") as running:
        running.wait_for(rb"started")
        world.alice.kubectl("exec", "web-1", "--", "sh", "-c", "echo and more >/proc/1/fd/1")
        running.wait_for(rb"and more")


def test_3_port_forward(world: ChartWorld) -> None:
    with world.running(world.alice, "port-forward", "web-1", ":8080") as running:
        port = running.wait_for(rb"Forwarding from 127\.0\.0\.1:(\d+)")[1].decode()
        assert world.fetch(f"http://127.0.0.1:{port}/") == b"from a container\n"


def test_3_the_cluster_knows_who_it_was(world: ChartWorld) -> None:
    def named(event: dict[str, Any]) -> bool:
        extra = event.get("impersonatedUser", {}).get("extra", {})
        return world.request in extra.get("access.postern.dev/request", [])

    event = world.cluster.wait_for_audit(named)
    assert event["impersonatedUser"]["username"] == "alice"
    assert event["user"]["username"].startswith(f"system:serviceaccount:{NAMESPACE}:")


# 4. Upgrade, rollback. ------------------------------------------------------------------------------


def test_4_a_watch_held_through_an_upgrade_ends_cleanly(world: ChartWorld) -> None:
    before = {pod["metadata"]["uid"] for pod in world.pods()}
    with world.watch(world.alice, "dev") as watch:
        assert watch.next()["object"]["metadata"]["name"] == "web-1"
        world.helm("upgrade", RELEASE, "--wait", "--timeout=180s", "--set", "config.logging.level=debug")
        events = watch.rest()  # raises when the answer was cut instead of ended
    assert all(event["type"] != "ERROR" for event in events)
    after = {pod["metadata"]["uid"] for pod in world.pods()}
    assert after and not after & before


def test_4_what_was_approved_survives_it(world: ChartWorld) -> None:
    assert names(world.alice.kubectl("get", "pods").stdout) == ["web-1"]


def test_4_rollback(world: ChartWorld) -> None:
    world.helm_do("rollback", RELEASE, "1", "--wait", "--timeout=180s")
    assert json.loads(world.helm_do("status", RELEASE, "-o", "json"))["version"] == 3
    assert names(world.alice.kubectl("get", "pods").stdout) == ["web-1"]


def test_4_constrained_impersonation(world: ChartWorld) -> None:
    """The same work, by rights that are limited to what is done: no others are left."""
    world.helm("upgrade", RELEASE, "--wait", "--timeout=180s", "--set", "impersonation.mode=constrained")
    account = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-impersonator"
    may = world.cluster.kubectl("auth", "can-i", "impersonate", "groups/dev-team", "--as", account, check=False)
    assert may.stdout.strip() == "no"
    mark = world.cluster.audit_mark()
    assert names(world.alice.kubectl("get", "pods").stdout) == ["web-1"]
    world.alice.kubectl("exec", "web-1", "--", "sh", "-c", "exit 7", code=7)
    event = world.cluster.wait_for_audit(lambda e: e.get("objectRef", {}).get("subresource") == "exec", since=mark)
    assert event["impersonatedUser"]["username"] == "alice"
    assert event["authenticationMetadata"]["impersonationConstraint"] == "impersonate:user-info"


def test_4_everything_else_that_the_chart_makes_is_accepted(world: ChartWorld) -> None:
    more = ("autoscaling.enabled=true", "podDisruptionBudget.enabled=true", "networkPolicy.enabled=true")
    sets = [word for setting in more for word in ("--set", setting)]
    world.helm("upgrade", RELEASE, "--wait", "--timeout=180s", *sets)
    for kind in ("hpa", "pdb", "networkpolicy"):
        found = json.loads(world.cluster.kubectl("get", kind, "-n", NAMESPACE, "-o", "json").stdout)
        assert len(found["items"]) == 1, kind


# 5. And back. ---------------------------------------------------------------------------------------


def test_5_drop(world: ChartWorld) -> None:
    world.alice.postern("request", "drop")
    assert "Forbidden" in world.alice.kubectl("get", "pods", code=1).stderr


def test_5_uninstall_leaves_nothing_that_runs(world: ChartWorld) -> None:
    world.helm_do("uninstall", RELEASE, "--wait", "--timeout=180s")
    deadline = time.monotonic() + 60
    while world.pods():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    kinds = "deploy,svc,sa,role,rolebinding,hpa,pdb,networkpolicy,cm"
    left = world.cluster.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name").stdout.split()
    usual = {"serviceaccount/default", "configmap/kube-root-ca.crt"}
    assert set(left) == usual
    roles = world.cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").stdout
    assert RELEASE not in roles


def names(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]
