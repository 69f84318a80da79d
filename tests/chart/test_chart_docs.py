"""Documentation: values, their comments, README.md and the schema say the same."""

import json
import subprocess
import sys
from typing import Any

import pytest
from helm import CHART, SOURCE

sys.path.insert(0, str(SOURCE / "scripts"))

import chart_docs  # noqa: E402

ONLY_IN_SCHEMA = {("global",), ("enabled",)}  # what parent charts give


def test_nothing_is_old() -> None:
    done = subprocess.run(
        [sys.executable, "-B", str(SOURCE / "scripts" / "chart_docs.py"), "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_value_without_its_comment_is_found() -> None:
    with pytest.raises(chart_docs.Undocumented, match="b"):
        chart_docs.read_values("# a is one.\na: 1\nb: 2\n")
    with pytest.raises(chart_docs.Undocumented, match=r"a\.c"):
        chart_docs.read_values("a:\n  # b is one.\n  b: 1\n  # something else\n  c: 2\n")
    values = chart_docs.read_values("a:\n  # b is one,\n  # and more.\n  b: {c: 1}\n")
    assert [(v.path, v.text, v.is_leaf) for v in values] == [
        (("a",), "", False), (("a", "b"), "b is one, and more.", True)
    ]  # fmt: skip


def test_the_schema_knows_every_value_and_no_others() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = chart_docs.read_values((CHART / "values.yaml").read_text())
    for value in values:
        assert find(schema, value.path) is not None, value.path
    top = {value.path for value in values if len(value.path) == 1}
    assert {(name,) for name in schema["properties"]} == top | ONLY_IN_SCHEMA
    sections = {v.path for v in values if not v.is_leaf and v.path[0] != "config"}
    known = {v.path for v in values}
    open_ended = {"updateStrategy", "podSecurityContext", "securityContext", "resources",
                  "livenessProbe", "readinessProbe", "startupProbe", "behavior"}  # fmt: skip
    for path in sections:
        if path[-1] in open_ended:
            continue  # what Kubernetes knows besides is allowed too
        below = {(*path, name) for name in find(schema, path)["properties"]}
        assert below <= known, below - known


def find(schema: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The part of the schema for a value."""
    at: Any = schema
    for name in path:
        if "$ref" in at:
            at = schema["$defs"][at["$ref"].rsplit("/", 1)[1]]
        if "properties" not in at:
            return at if at.get("type") == "object" or not at else None
        at = at["properties"].get(name)
        if at is None:
            return None
    return at


def test_every_object_of_the_schema_is_closed() -> None:
    """Nothing that postern's chart defines takes a key that it does not know."""

    def walk(at: Any, where: str) -> None:
        if isinstance(at, list):
            for number, one in enumerate(at):
                walk(one, f"{where}[{number}]")
        if not isinstance(at, dict):
            return
        if "properties" in at and not where.endswith((".if", ".then", ".anyOf[0]", ".anyOf[1]")):
            assert at.get("additionalProperties") is False, where
        for name, one in at.items():
            walk(one, f"{where}.{name}")

    walk(json.loads((CHART / "values.schema.json").read_text()), "")


def test_keys_of_the_configuration_are_those_of_its_page() -> None:
    schema = chart_docs.config_schema([["a"], ["b", "c"], ["d", "[]", "e"]])
    assert schema["properties"] == {
        "a": {},
        "b": {"additionalProperties": False, "properties": {"c": {}}},
        "d": {"items": {"additionalProperties": False, "properties": {"e": {}}}},
    }
