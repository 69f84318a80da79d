#!/usr/bin/python3
"""Makes the parts of charts/postern that follow from others; with --check, only says what is old.

    chart_docs.py [--check]

README.md         its table of values, from the comments of values.yaml (each begins with its key)
values.schema.json  descriptions, from the same comments; the keys of `config`, from docs/configuration.md
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "charts" / "postern"
CONFIGURATION = ROOT / "docs" / "configuration.md"
BEGIN, END = "<!-- values: made by scripts/chart_docs.py -->", "<!-- end of values -->"


class Undocumented(Exception):
    """Values without a comment that begins with their name; one a line."""


@dataclass(frozen=True)
class Value:
    """A key of values.yaml. A map whose keys have comments of their own is no leaf."""

    path: tuple[str, ...]
    text: str
    default: Any
    is_leaf: bool


def comment_above(lines: list[str], line: int, column: int) -> str:
    """The comment lines right above a key, of the key's own column, as one text."""
    found: list[str] = []
    while line > 0 and lines[line - 1].startswith(" " * column + "# "):
        line -= 1
        found.insert(0, lines[line].strip()[2:])
    return " ".join(found)


def read_values(text: str) -> list[Value]:
    """Every documented key, in the order of the file; Undocumented for one without its comment."""
    lines, values, missing = text.splitlines(), [], []

    def walk(node: yaml.Node, path: tuple[str, ...]) -> None:
        assert isinstance(node, yaml.MappingNode)
        texts = [comment_above(lines, k.start_mark.line, k.start_mark.column) for k, _ in node.value]
        for (key, value), text in zip(node.value, texts, strict=True):
            here = (*path, key.value)
            inner = is_section(value, lines)
            if text and not re.match(rf"{re.escape(key.value)}\b", text) or not (text or inner):
                missing.append(".".join(here))
            default = yaml.safe_load(yaml.serialize(value))
            values.append(Value(here, text, default, not inner))
            if inner:
                walk(value, here)

    root = yaml.compose(text)
    assert root
    walk(root, ())
    if missing:
        raise Undocumented("\n".join(missing))
    return values


def is_section(node: yaml.Node, lines: list[str]) -> bool:
    """Whether a map's keys are documented one by one, at any depth."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return False
    return any(
        comment_above(lines, key.start_mark.line, key.start_mark.column) or is_section(value, lines)
        for key, value in node.value
    )


def table(values: list[Value]) -> str:
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for value in values:
        if not value.is_leaf and not value.text:
            continue
        default = f"`{json.dumps(value.default)}`" if value.is_leaf else ""
        text = value.text.replace("|", "\\|")
        rows.append(f"| `{'.'.join(value.path)}` | {default} | {text} |")
    return "\n".join(rows)


def make_readme(old: str, values: list[Value]) -> str:
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table(values)}\n{END}{after}"


def configuration_keys(text: str) -> list[list[str]]:
    """The keys of the table of docs/configuration.md, as paths; `[]` marks the entries of a list."""
    keys = re.findall(r"^\| `([a-zA-Z][\w.\[\]]*)` \|", text, re.M)
    return [re.split(r"\.", key.replace("[]", ".[]")) for key in keys]


def config_schema(keys: list[list[str]]) -> dict[str, Any]:
    """Which keys there are. What values they take is postern's to say, and so are keys without any."""
    tree: dict[str, Any] = {}
    for path in keys:
        at = tree
        for part in path:
            at = at.setdefault(part, {})

    def schema(node: dict[str, Any]) -> dict[str, Any]:
        if not node:
            return {}
        if "[]" in node:
            return {"items": schema(node["[]"])}
        return {
            "additionalProperties": False,
            "properties": {name: schema(inner) for name, inner in node.items()},
        }

    return {"type": "object", **schema(tree)}


def part_for(schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """The part of the schema that is about one value; None where it says nothing about it alone."""
    at: Any = schema
    for name in path:
        at = at.get("properties", {}).get(name)
        if at is None:
            return None
    assert isinstance(at, dict)
    return at


def make_schema(old: str, values: list[Value], configuration: str) -> str:
    whole = json.loads(old)
    whole["properties"]["config"] = config_schema(configuration_keys(configuration))
    for value in values:
        part = part_for(whole, value.path)
        if part is None or not value.text or value.path[0] == "config" and len(value.path) > 1:
            continue
        rest = {key: one for key, one in part.items() if key != "description"}
        part.clear()
        part.update({"description": value.text, **rest})
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the chart's table of values and its schema.")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 when something is old")
    args = parser.parse_args()
    try:
        values = read_values((CHART / "values.yaml").read_text())
    except Undocumented as missing:
        print(f"no comment that begins with the value's name:\n{missing}", file=sys.stderr)
        return 1
    configuration = CONFIGURATION.read_text()
    old = {name: (CHART / name).read_text() for name in ("README.md", "values.schema.json")}
    new = {
        "README.md": make_readme(old["README.md"], values),
        "values.schema.json": make_schema(old["values.schema.json"], values, configuration),
    }
    changed = [name for name in old if old[name] != new[name]]
    for name in changed:
        print(f"charts/postern/{name} {'is old: run scripts/chart_docs.py' if args.check else 'written'}")
        if not args.check:
            (CHART / name).write_text(new[name])
    return 1 if args.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
