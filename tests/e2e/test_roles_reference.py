"""docs/roles.md and the loader of roles say the same: examples load, keys are known, every word is explained."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from harness import binary, upstream_kubeconfig
from pki import Authority

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs" / "roles.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", REFERENCE, re.M | re.S)
PROSE = re.sub(r"^```.*?^```$", "", REFERENCE, flags=re.M | re.S)
LOADER = ["load_role", "load_conditions", "load_request", "load_resources", "load_user", "foreign_keys"]


Check = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def check(tmp_path: Path, authority: Authority) -> Check:
    """What `--check-config` says of roles and users."""
    return lambda documents: check_config(tmp_path, authority, documents)


def check_config(folder: Path, authority: Authority, documents: str) -> "subprocess.CompletedProcess[str]":
    (folder / "roles.yaml").write_text(documents)
    kubeconfig = upstream_kubeconfig(folder / "kubeconfig", "https://127.0.0.1:1", authority.cert_file, "x")
    config = {
        "apiVersion": "config.postern.dev/v1alpha1",
        "kind": "ProxyConfiguration",
        "dataDir": str(folder / "data"),
        "kubeClusters": [{"name": "mycluster", "kubeconfig": str(kubeconfig)}],
        "resources": ["roles.yaml"],
    }
    (folder / "postern.yaml").write_text(yaml.safe_dump(config))
    return subprocess.run(
        [str(binary()), "proxy", "--config", str(folder / "postern.yaml"), "--check-config"],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "KUBECONFIG": "/nonexistent"},
    )  # fmt: skip


def section(title: str) -> str:
    """The prose under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PROSE, re.M | re.S)
    assert found, title
    return found.group(1)


def cells(title: str, column: int = 0) -> list[str]:
    """The words in backticks of one column of a section's tables."""
    words: list[str] = []
    for row in re.findall(r"^\| (`.*) \|$", section(title), re.M):
        words += re.findall(r"`([^`]+)`", re.split(r" \| ", row)[column])
    assert words, title
    return words


def keys_below(title: str, prefix: str) -> list[str]:
    return [key.removeprefix(prefix) for key in cells(title) if key.startswith(prefix)]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_loads(check: Check, example: str) -> None:
    done = check(example)
    assert done.returncode == 0, done.stderr


def test_what_has_no_meaning_here_is_told_and_loads(check: Check) -> None:
    done = check("kind: role\nversion: v8\nmetadata: {name: r}\nspec:\n  options: {forward_agent: true}\n")
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stderr and "options.forward_agent" in done.stderr, done.stderr


def test_the_presets_are_those_of_the_program() -> None:
    source = (ROOT / "rbac" / "presets.cc").read_text()
    built_in = re.search(r'R"\((.*?)\)"', source, re.S)
    assert built_in
    assert EXAMPLES[-1].strip() == built_in.group(1).strip()


def documented_keys(version: str) -> dict[str, object]:
    """A role with every key that the reference has, all without values, and one more in each map."""

    def empty(keys: list[str]) -> dict[str, object]:
        return dict.fromkeys([*keys, "no_such_key"])

    foreign = dict(zip(("allow", "deny", "options"), re.findall(r"^\| `\w+` \|.*$", section(
        "Keys of Teleport that have no meaning here"), re.M)))  # fmt: skip
    teleport = {where: [w for w in re.findall(r"`(\w+)`", row)[1:] if not w.startswith("_")] for where, row in foreign.items()}
    conditions = empty(cells("Allow and deny") + teleport["allow"])
    conditions["kubernetes_resources"] = [empty(cells("kubernetes_resources"))]
    conditions["request"] = empty(keys_below("request", "request."))
    conditions["review_requests"] = empty(keys_below("review_requests", "review_requests."))
    conditions["rules"] = [empty(["resources", "verbs", "where", "actions"])]
    restricting = [
        word
        for row in re.findall(r"^\| (`.*?) \| ", section("Keys of Teleport that have no meaning here"), re.M)
        for word in re.findall(r"`(\w+)`", row)
        if word not in foreign
    ]
    options = empty(keys_below("options", "options.") + teleport["options"] + restricting)
    return {
        "kind": "role",
        "version": version,
        "sub_kind": None,
        "no_such_key": None,
        "metadata": empty(keys_below("A role", "metadata.")) | {"name": "all"},
        "spec": {"allow": conditions, "deny": conditions, "options": options, "no_such_key": None},
    }


def unknown_keys(said: str) -> list[str]:
    return re.findall(r": ([^ ]+): is not a known key", said)


@pytest.mark.parametrize("version", [f"v{n}" for n in range(3, 9)])
def test_every_key_of_roles_is_known(check: Check, version: str) -> None:
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    done = check(yaml.dump(documented_keys(version), Dumper=NoAliases))
    assert done.returncode == 2
    below = ["", ".kubernetes_resources[0]", ".request", ".review_requests", ".rules[0]"]
    parts = [f"spec.{effect}{part}" for effect in ("allow", "deny") for part in below]
    planted = {f"{part}.no_such_key" for part in [*parts, "spec.options", "spec", "metadata"]} | {"no_such_key"}
    assert set(unknown_keys(done.stderr)) == planted


def test_every_key_of_users_is_known(check: Check) -> None:
    user = {"kind": "user", "version": "v2", "sub_kind": None, "metadata": {"name": "all"},
            "spec": dict.fromkeys([*keys_below("Users", "spec."), "no_such_key"])}  # fmt: skip
    done = check(yaml.safe_dump(user))
    assert unknown_keys(done.stderr) == ["spec.no_such_key"]


@pytest.mark.parametrize("name", LOADER)
def test_every_word_of_the_loader_is_explained(name: str) -> None:
    source = re.sub(r"^#include.*$", "", (ROOT / "rbac" / f"{name}.cc").read_text(), flags=re.M)
    words = set(re.findall(r'"([a-z][a-z_0-9]+)"', source))
    assert len(words) > 5
    explained = {word for code in re.findall(r"`([^`\n]+)`", PROSE) for word in re.findall(r"[a-z_0-9]+", code)}
    assert words <= explained, sorted(words - explained)


def test_every_verb_and_short_kind_is_explained() -> None:
    verbs = re.findall(r'\{"(\w+)", Verb::k', (ROOT / "rbac" / "verb.cc").read_text())
    assert len(verbs) == 16
    assert sorted(verbs) == sorted(v for v in cells("Verbs") if re.fullmatch("[a-z]+", v))
    kinds = re.findall(r'^ *\{"(\w+)", [\w"]', (ROOT / "rbac" / "resource_id.cc").read_text(), re.M)
    assert len(kinds) == 21
    listed = re.search(r"^The short kinds of `v7`: (.*?)\. In", section("kubernetes_resources"), re.M | re.S)
    assert listed
    assert re.findall(r"`(\w+)`", listed.group(1)) == kinds
