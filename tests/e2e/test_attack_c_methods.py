"""Attack matrix, group C: methods. Choice: HEAD on resources is 405."""

import pytest
from attack import POD, WIDGETS, Attack


@pytest.mark.parametrize(
    ("method", "target"),
    [
        pytest.param("HEAD", f"{POD}/nginx-1", id="C054-head-object"),
        pytest.param("HEAD", f"{POD}/db-0", id="C054-head-hidden"),
        pytest.param("HEAD", WIDGETS, id="C055-head-custom-list"),
    ],
)
def test_head_is_405_without_a_call(attack: Attack, method: str, target: str) -> None:
    answer = attack.send(method, target)
    assert answer.status == 405
    assert "GET" in (answer.get("Allow") or "").split(", ")
    attack.untouched()


def test_behind_a_refused_head_the_connection_goes_on(attack: Attack) -> None:
    """Its answer has no body (RFC 9110 §9.3.2): the next one begins where its client looks for it."""
    client = attack.client()
    for method, status in (("HEAD", 405), ("GET", 200)):
        client.send(attack.postern.request("alice", method, f"{POD}/nginx-1"))
        assert client.read_response(method).status == status


@pytest.mark.parametrize(
    ("method", "target"),
    [
        pytest.param("TRACE", f"{POD}/nginx-1", id="C056-trace"),
        pytest.param("get", f"{POD}/nginx-1", id="C057-lower-case"),
        pytest.param("Get", f"{POD}/nginx-1", id="C057-mixed-case"),
        pytest.param("PROPFIND", POD, id="C057-unknown"),
        pytest.param("POST", f"{POD}/nginx-1", id="C059-post-with-name"),
        pytest.param("PUT", POD, id="C059-put-on-collection"),
        pytest.param("PATCH", POD, id="C059-patch-on-collection"),
    ],
)
def test_method_is_405_without_a_call(attack: Attack, method: str, target: str) -> None:
    body = b"{}" if method in ("POST", "PUT", "PATCH") else None
    attack.refused(attack.send(method, target, body=body), 405)


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("TRACE", POD, "GET, POST, DELETE"),
        ("POST", f"{POD}/nginx-1", "GET, PUT, PATCH, DELETE"),
        ("PUT", f"{POD}/nginx-1/exec", "GET, POST"),
        ("DELETE", "/apis/metrics.k8s.io/v1beta1/nodes/n1", "GET"),  # as its discovery says
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "POST"),
        ("HEAD", "/clusters/nowhere/api/v1/nodes/n1", "GET, PUT, PATCH, DELETE"),  # paths' grammar
        ("HEAD", "/version", "GET"),
        ("DELETE", "/apis/access.postern.dev/v1alpha1/accessrequests", "GET, POST"),
        ("PUT", "/apis/access.postern.dev/v1alpha1/accessrequests/x", "GET, DELETE"),
        ("POST", "/apis/access.postern.dev/v1alpha1", "GET"),
    ],
)
def test_405_says_which_methods_there_are(attack: Attack, method: str, target: str, allow: str) -> None:
    """RFC 9110 §15.5.6."""
    answer = attack.send(method, target, body=b"{}" if method in ("POST", "PUT") else None)
    assert (answer.status, answer.get("Allow")) == (405, allow)
    attack.untouched()


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_c058_method_override_means_nothing(attack: Attack, name: str) -> None:
    attack.refused(attack.send("GET", f"{POD}/db-0", [(name, "DELETE")]), 403)
    assert attack.send("GET", f"{POD}/nginx-1", [(name, "DELETE")]).status == 200
    request = attack.forwarded(f"GET {POD}/nginx-1")
    assert name.lower() not in request.message.names()
