"""Rights: what the chart's service accounts may do, as the real API server decides it.

Whoever is impersonated here may do everything, so that each refusal is one of the impersonation.
"""

import pytest
from cluster import Cluster
from helm import Helm, Object
from rights import ALICE, GROUPS, PODS, Headers, Install, Installed, acting_as

CREATE = {"method": "POST", "path": "/api/v1/namespaces/default/configmaps?dryRun=All",
          "body": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}}  # fmt: skip


@pytest.fixture(scope="module")
def legacy(install: Install) -> Installed:
    return install("legacy", mode="legacy")


@pytest.fixture(scope="module")
def pinned(install: Install) -> Installed:
    return install("pinned", mode="legacy", users=["alice", "bob"],
                   serviceAccounts=[{"namespace": "default", "name": "default"}])  # fmt: skip


ACTIONS = [
    {"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]},
]


@pytest.fixture(scope="module")
def constrained(install: Install) -> Installed:
    return install("constrained", mode="constrained", actions=ACTIONS)


@pytest.fixture(scope="module", params=["legacy", "constrained"])
def either(request: pytest.FixtureRequest) -> Installed:
    installed = request.getfixturevalue(request.param)
    assert isinstance(installed, Installed)
    return installed


# -- in both modes --------------------------------------------------------------------------------


def test_pinned_groups_work(either: Installed) -> None:
    assert either.impersonator.ask(ALICE)[0] == 200
    many = acting_as("alice", *GROUPS, "system:authenticated", extra="access.postern.dev/request")
    status, answer = either.impersonator.ask(many)
    assert status == 200, answer


@pytest.mark.parametrize("group", ["others", "system:masters", "system:nodes", "system:serviceaccounts", "*"])
def test_other_groups_do_not(either: Installed, group: str) -> None:
    said = either.impersonator.refuses(acting_as("alice", "dev-team", group, "system:authenticated"))
    assert "impersonat" in said, said
    # Nor among so many that the API server first asks for all groups at once.
    said = either.impersonator.refuses(acting_as("alice", *GROUPS, group, "system:authenticated"))
    assert "impersonat" in said, said


def test_other_parts_of_an_identity_do_not(either: Installed) -> None:
    groups = ("dev-team", "system:authenticated")
    for headers in (
        acting_as("alice", *groups, extra="example.com/scopes"),
        acting_as("alice", *groups, extra="authentication.kubernetes.io/pod-name"),
        acting_as("alice", *groups, uid="1"),
        acting_as("system:serviceaccount:kube-system:namespace-controller"),
        acting_as("system:serviceaccount:kube-system:namespace-controller", "system:authenticated"),
    ):
        assert "impersonat" in either.impersonator.refuses(headers), headers


def test_the_pods_account_impersonates_nobody(either: Installed) -> None:
    for headers in (ALICE, acting_as("bob"), acting_as("bob", "system:masters")):
        assert "impersonat" in either.pods.refuses(headers)


def test_the_impersonator_may_do_nothing_itself(either: Installed) -> None:
    for path in (PODS, "/api/v1/namespaces/postern/secrets", "/api/v1/namespaces/kube-system",
                 "/apis/store.postern.dev/v1alpha1/namespaces/postern/accessrequests"):  # fmt: skip
        assert "cannot" in either.impersonator.refuses([], path=path)


def test_the_pods_account_has_tokens_of_the_impersonator_alone(either: Installed) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    accounts = "/api/v1/namespaces/postern/serviceaccounts"
    status, answer = either.pods.ask([], "POST", f"{accounts}/{either.impersonator.name}/token", body)
    assert status == 201 and answer["status"]["token"]
    for other in (f"{accounts}/default/token", f"{accounts}/{either.pods.name}/token",
                  "/api/v1/namespaces/kube-system/serviceaccounts/namespace-controller/token"):  # fmt: skip
        either.pods.refuses([], method="POST", path=other, body=body)
    either.impersonator.refuses([], method="POST", path=f"{accounts}/{either.impersonator.name}/token", body=body)


def test_the_pods_account_sees_of_the_cluster_which_one_it_is(either: Installed) -> None:
    status, answer = either.pods.ask([], path="/api/v1/namespaces/kube-system")
    assert status == 200 and answer["metadata"]["uid"]
    for path in ("/api/v1/namespaces", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system/secrets",
                 "/api/v1/secrets", PODS, "/api/v1/nodes"):  # fmt: skip
        either.pods.refuses([], path=path)


# -- legacy ---------------------------------------------------------------------------------------


def test_any_user_unless_users_are_pinned(legacy: Installed, pinned: Installed) -> None:
    mallory = acting_as("mallory", "dev-team", "system:authenticated")
    assert legacy.impersonator.ask(mallory)[0] == 200
    assert 'users "mallory" is forbidden' in pinned.impersonator.refuses(mallory)
    assert pinned.impersonator.ask(ALICE)[0] == 200
    for name in ("system:kube-controller-manager", "system:node:n1", "kubernetes-admin"):
        assert "impersonat" in pinned.impersonator.refuses(acting_as(name, "dev-team"))


def test_service_accounts_are_pinned_with_their_namespace(pinned: Installed) -> None:
    def account(namespace: str, name: str) -> Headers:
        return acting_as(f"system:serviceaccount:{namespace}:{name}", "dev-team", "system:authenticated")

    assert pinned.impersonator.ask(account("default", "default"))[0] == 200
    for other in (("default", "builder"), ("kube-system", "default"), ("postern", "default")):
        assert "impersonat" in pinned.impersonator.refuses(account(*other))


# -- constrained ----------------------------------------------------------------------------------


def test_actions_that_are_not_listed_are_refused(constrained: Installed, legacy: Installed) -> None:
    assert legacy.impersonator.ask(ALICE, **CREATE)[0] == 201
    assert "impersonate" in constrained.impersonator.refuses(ALICE, **CREATE)
    for method, path in (
        ("DELETE", f"{PODS}/nginx"),
        ("DELETE", PODS),
        ("GET", "/api/v1/namespaces/default/secrets"),
        ("GET", "/apis/apps/v1/deployments"),
        ("GET", f"{PODS}/nginx/log"),
        ("GET", "/metrics"),
    ):
        said = constrained.impersonator.refuses(ALICE, method=method, path=path)
        assert "impersonat" in said, (method, path, said)


def test_listed_actions_work_and_the_audit_log_says_so(
    constrained: Installed, chart_cluster: Cluster
) -> None:
    mark = chart_cluster.audit_mark()
    assert constrained.impersonator.ask(ALICE, path="/api/v1/configmaps?limit=1")[0] == 200
    event = chart_cluster.wait_for_audit(
        lambda e: e["requestURI"] == "/api/v1/configmaps?limit=1" and "impersonatedUser" in e, since=mark
    )
    assert event["impersonatedUser"]["username"] == "alice"
    assert event["authenticationMetadata"]["impersonationConstraint"] == "impersonate:user-info"
    # That there is no such pod is what somebody hears who may.
    status, _ = constrained.impersonator.ask(ALICE, "POST", f"{PODS}/nginx/exec?command=id")
    assert status in (400, 404)


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/version", "/readyz"])
def test_clients_find_the_api(constrained: Installed, path: str) -> None:
    status, answer = constrained.impersonator.ask(ALICE, path=path)
    assert status == 200, answer


def test_clients_ask_what_they_may(constrained: Installed) -> None:
    for group, kind, plural in (
        ("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
    ):
        spec = {"SelfSubjectAccessReview": {"resourceAttributes": {"verb": "get", "resource": "pods"}},
                "SelfSubjectRulesReview": {"namespace": "default"}}.get(kind)  # fmt: skip
        body: Object = {"apiVersion": f"{group}/v1", "kind": kind} | ({"spec": spec} if spec else {})
        status, answer = constrained.impersonator.ask(ALICE, "POST", f"/apis/{group}/v1/{plural}", body)
        assert status == 201, answer


def test_masters_are_refused_even_when_values_name_them(install: Install) -> None:
    unsafe = install("unsafe", mode="constrained", groups=["dev-team", "system:masters"], allowUnsafe=True)
    said = unsafe.impersonator.refuses(acting_as("alice", "system:masters"))
    assert "impersonating the system:masters group is not allowed" in said or "cannot impersonate" in said


def test_nodes_and_service_accounts_are_no_users(constrained: Installed) -> None:
    for name in ("system:node:n1", "system:serviceaccount:default:default"):
        for groups in ((), ("dev-team", "system:authenticated")):
            assert "impersonat" in constrained.impersonator.refuses(acting_as(name, *groups))


def test_with_both_modes_the_legacy_grant_counts(install: Install) -> None:
    both = install("both", mode="both", actions=ACTIONS)
    status, answer = both.impersonator.ask(ALICE, **CREATE)
    assert status == 201, answer
    assert "impersonat" in both.impersonator.refuses(acting_as("alice", "system:masters"))


def test_auto_is_what_the_cluster_knows(helm: Helm) -> None:
    def roles(version: str) -> set[str]:
        values = {"impersonation": {"mode": "auto"}}
        objects = helm.render("--kube-version", version, values=values)
        return {o["metadata"]["name"] for o in objects if o["kind"] == "ClusterRole"}

    assert roles("1.37.2") == {"postern-postern", "postern-postern-constrained-impersonation"}
    assert roles("1.35.0") == {"postern-postern", "postern-postern-impersonation"}
