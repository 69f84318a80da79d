"""`postern kube login` and `postern kubectl`, with a kubectl of our own."""

import json
import signal
import time
from pathlib import Path

import pytest
import yaml
from access_script import refusal
from desks import (  # noqa: F401  (fixtures)
    ID, Desk, Terminal, alice, approve_when_filed, desk, kubectl, refuse,
)


def test_kube_login_and_credential(kubectl: Desk) -> None:
    path = kubectl.home / ".kube" / "config"
    said = kubectl.run("kube", "login", "k", "--set-context-namespace", "dev")
    assert "postern-k" in said.stdout
    config = yaml.safe_load(path.read_text())
    assert config["current-context"] == "postern-k"
    assert config["contexts"][0]["context"] == {"cluster": "postern-k", "user": "postern-k", "namespace": "dev"}
    assert config["clusters"][0]["cluster"]["server"] == f"https://{kubectl.proxy}/clusters/k"
    exec_ = config["users"][0]["user"]["exec"]
    assert exec_["apiVersion"] == "client.authentication.k8s.io/v1" and exec_["interactiveMode"] == "Never"
    done = kubectl.run(*exec_["args"], program=exec_["command"])
    credential = json.loads(done.stdout)
    assert credential["status"] == {"token": "pst_of_alice", "expirationTimestamp": "2099-01-01T00:00:00Z"}
    kubectl.run("kube", "login")
    assert yaml.safe_load(path.read_text()) == config
    kubectl.run("logout")
    done = kubectl.run("kube", "credential", "--proxy", kubectl.proxy, code=1)
    assert done.stdout == "" and "postern login" in done.stderr


def test_kube_login_of_who_has_no_cluster(kubectl: Desk) -> None:
    """Editors see clusters in lists that none of their roles is for; reviewers may see none."""
    path = kubectl.home / ".kube" / "config"
    kubectl.server.on("^GET /clusters/", refusal(404, "NotFound", "the server could not find it"))
    said = kubectl.run("kube", "login", "k", code=1).stderr
    assert 'none of your roles is for the cluster "k"' in said and not path.exists()
    for _ in range(2):
        said = kubectl.run("kube", "login").stderr
        assert "no cluster is open to you" in said and "kubectl get accessrequests" in said
        config = yaml.safe_load(path.read_text())
        assert config["current-context"] == "postern"
        assert config["clusters"][0]["cluster"]["server"] == f"https://{kubectl.proxy}"
        kubectl.api.objects["kubeclusters"].clear()
    exec_ = config["users"][0]["user"]["exec"]
    assert exec_["args"] == ["kube", "credential", "--proxy", kubectl.proxy]
    done = kubectl.run(*exec_["args"], program=exec_["command"])
    assert json.loads(done.stdout)["status"]["token"] == "pst_of_alice"


def test_an_entry_of_somebody_else_is_not_taken_over(kubectl: Desk) -> None:
    path = kubectl.home / "config"
    path.write_text("clusters:\n- name: postern-k\n  cluster: {server: https://else}\n")
    before = path.read_text()
    said = kubectl.run("kube", "login", "k", code=1, KUBECONFIG=str(path))
    assert "--context-name" in said.stderr and path.read_text() == before
    kubectl.run("kube", "login", "k", "--context-name", "mine", KUBECONFIG=str(path))
    assert path.read_text().startswith(before)


def test_kubectl_runs_in_a_session_of_its_own(kubectl: Desk) -> None:
    (kubectl.home / "allowed").touch()
    kubectl.run("kube", "login", "k", "--set-context-namespace", "dev")
    done = kubectl.run("kubectl", "--no-request", "apply", "-f", "-", "--context", "postern-k", "--", "-x",
                       stdin="some input")  # fmt: skip
    assert done.stdout == "yes\n"
    assert (kubectl.home / "seen.words").read_text() == "apply -f - -- -x\n"
    assert (kubectl.home / "seen.stdin").read_text() == "some input"
    config = yaml.safe_load((kubectl.home / "seen.kubeconfig").read_text())
    assert config["users"][0]["user"] == {"token": "pst_of_child"}
    assert config["contexts"][0]["context"]["namespace"] == "dev"
    assert config["clusters"][0]["cluster"]["server"].endswith("/clusters/k")
    assert (kubectl.home / "seen.mode").read_text() == "600\n"
    assert not Path((kubectl.home / "seen.path").read_text().strip()).exists()
    assert "child" not in kubectl.api.objects["sessions"]


def test_without_a_terminal_nothing_is_asked(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    assert kubectl.run("kubectl", "get", "pods", code=7).stderr == "no\n"
    kubectl.run("kubectl", "--no-request", "--request-reason", "r", "get", "pods", code=7)
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7, POSTERN_NO_REQUEST="1")
    refuse(kubectl)
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7)
    assert kubectl.asked("POST", "/accessrequests") == []


def test_a_setting_turns_it_off(kubectl: Desk) -> None:
    """`requestOnRefusal` of the profile's config.json; everything else in it stays."""
    refuse(kubectl, ID)
    kubectl.script("kubectl", "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")
    file = kubectl.home / ".postern" / "config.json"
    setting = json.loads(file.read_text()) | {"requestOnRefusal": False}
    file.write_text(json.dumps(setting))
    done = kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7)
    assert done.stderr == "no\n"
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("no")
    assert terminal.end() == 7 and "Why" not in terminal.seen
    assert kubectl.asked("POST", "/accessrequests") == []
    kubectl.login()
    assert json.loads(file.read_text()) == setting
    # Turned on again, the same command asks.
    file.write_text(json.dumps(setting | {"requestOnRefusal": True}))
    thread = approve_when_filed(kubectl)
    assert kubectl.run("kubectl", "--request-reason", "r", "get", "pods").stdout == "yes\n"
    thread.join()


def test_a_refusal_becomes_a_request_and_kubectl_runs_again(kubectl: Desk) -> None:
    refuse(kubectl, ID, "/c/secret/k/dev/s", ID)
    thread = approve_when_filed(kubectl)
    done = kubectl.run("kubectl", "--request-reason", "ticket", "get", "pod", "web-0", "-n", "dev")
    thread.join()
    assert done.stdout == "yes\n"
    sent = json.loads(kubectl.asked("POST", "/accessrequests")[0].message.body)["spec"]
    assert sent == {"resources": [ID, "/c/secret/k/dev/s"], "reason": "ticket"}
    assumed = kubectl.asked("POST", "/sessions/self/requests")
    assert assumed[0].get("Authorization") == "Bearer pst_of_child"
    assert (kubectl.home / "seen.words").read_text().count("get pod web-0") == 2
    # What was approved already is used without another request.
    (kubectl.home / "allowed").unlink()
    kubectl.script("kubectl", "[ -e again ] && exit 0; touch again; exit 1\n")
    kubectl.run("kubectl", "--request-reason", "ticket", "get", "pod", "web-0", "-n", "dev")
    assert len(kubectl.asked("POST", "/accessrequests")) == 1


def test_a_denied_request_of_kubectl_is_3(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    thread = approve_when_filed(kubectl, "DENIED")
    kubectl.run("kubectl", "--request-reason", "ticket", "get", "pods", code=3)
    thread.join()


def test_on_a_terminal_kubectl_asks_for_a_reason(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("Why do you need it?")
    assert ID in terminal.seen
    thread = approve_when_filed(kubectl)
    terminal.type("because\n")
    assert terminal.end() == 0, terminal.seen
    thread.join()
    assert json.loads(kubectl.asked("POST", "/accessrequests")[0].message.body)["spec"]["reason"] == "because"


def test_an_empty_reason_asks_for_nothing(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "exit 7\n")
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("Why do you need it?")
    terminal.type("\n")
    assert terminal.end() == 7
    assert kubectl.asked("POST", "/accessrequests") == []


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_nothing_behind(kubectl: Desk, which: signal.Signals) -> None:
    kubectl.script("kubectl", 'echo "$KUBECONFIG" > path.new; mv path.new path; exec sleep 30\n')
    running = kubectl.start("kubectl", "get", "pods")
    end = time.monotonic() + 20
    while not (kubectl.home / "path").exists() and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(which)
    assert running.wait(10) == 128 + which
    assert not Path((kubectl.home / "path").read_text().strip()).exists()
    assert "child" not in kubectl.api.objects["sessions"]
