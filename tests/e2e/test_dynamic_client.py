"""client-go's dynamic client and informers on access requests: the program of
tests/cluster/tools/dynamic, which knows nothing of postern."""

import json
import subprocess
from typing import Any

from access_api import approve, get, post, proxy  # noqa: F401  the fixture
from harness import Postern

import build_tools

ID = "/postern.test/pod/mycluster/dev/nginx-1"


def test_list_create_watch_inform_delete(proxy: Postern) -> None:
    there = [
        post(proxy, "alice", "accessrequests", {"spec": {"resources": [ID]}})["metadata"]["name"]
        for _ in range(3)
    ]
    program = build_tools.ensure(["dynamic-client"])["dynamic-client"]
    with subprocess.Popen(
        [str(program), str(proxy.kubeconfig("alice")), ID],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None and running.stderr is not None
        steps: dict[str, dict[str, Any]] = {}
        for line in running.stdout:
            said = json.loads(line)
            steps[said["step"]] = said
            if said["step"] == "created":
                assert approve(proxy, "bob", said["name"])["status"]["state"] == "APPROVED"
        problem = running.stderr.read()
        assert running.wait(timeout=60) == 0, problem
    assert list(steps) == ["discovered", "refused", "listed", "created", "approved", "deleted"]
    assert steps["discovered"]["scope"] == "root"
    assert steps["listed"]["names"] == sorted(there)
    name = steps["created"]["name"]
    assert name.startswith("go-") and steps["deleted"]["name"] == name
    assert get(proxy, "bob", f"accessrequests/{name}")["code"] == 404
