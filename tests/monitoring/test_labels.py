"""Every label that a rule, a runbook or the dashboard speaks of is one that the series has there."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest
from test_rules import ROOT, alerts, dashboard_queries, rules

# What a scrape adds.
TARGET = {"job", "instance", "namespace"}
SERIES = re.compile(r"\b(postern_[a-z_]+|up|namespace_job:\S+?_rate\w+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!=|!~|=)\s*"')
GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")


def documented() -> dict[str, set[str]]:
    """The labels of docs/metrics.md, which a unit test compares with the program."""
    found = {}
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) ?\|", (ROOT / "docs/metrics.md").read_text(), re.M)
    for name, kind, labels in rows:
        own = set(re.findall(r"\w+", labels))
        for suffix in ("_bucket", "_count", "_sum") if kind == "histogram" else ("",):
            found[name + suffix] = own | ({"le"} if suffix == "_bucket" else set())
    return found


def recorded() -> dict[str, set[str]]:
    """Of recording rules: what their expression leaves."""
    return {rule["record"]: grouping(rule["expr"]) or set() for rule in rules() if "record" in rule}


def grouping(expr: str) -> set[str] | None:
    """What all `by (…)` of an expression keep; None without one."""
    kept = [set(re.findall(r"\w+", names)) for names in GROUPED.findall(expr)]
    return set.intersection(*kept) if kept else None


LABELS = {**documented(), **recorded(), "up": set()}


def series(text: str) -> Iterator[tuple[str, str]]:
    """Each series with its matchers."""
    for match in SERIES.finditer(text):
        yield match[1], match[2] or ""


def runbook_texts() -> Iterator[str]:
    for path in sorted((ROOT / "docs" / "runbooks").glob("*.md")):
        yield from re.findall(r"`([^`]+)`", path.read_text())


def queries() -> Iterator[str]:
    return chain((rule["expr"] for rule in rules()), dashboard_queries(), runbook_texts())


def test_the_labels_were_read() -> None:
    """Else nothing below would mean anything."""
    assert LABELS["postern_http_requests_total"] == {"verb", "group", "resource", "subresource", "scope", "code"}
    assert LABELS["postern_proxy_overhead_seconds_bucket"] == {"le"}
    assert LABELS["postern_audit_dropped_total"] == {"sink"}
    assert LABELS["namespace_job:postern_request_errors:ratio_rate5m"] == {"namespace", "job"}


def test_what_is_matched_is_a_label() -> None:
    seen = 0
    for text in queries():
        for name, matchers in series(text):
            for label in MATCHER.findall(matchers):
                seen += 1
                assert label in LABELS[name] | TARGET, f"{name} has no label {label}: {text}"
    assert seen > 50


def test_what_is_grouped_by_is_a_label() -> None:
    seen = 0
    for text in queries():
        known = set().union(TARGET, *(LABELS[name] for name, _ in series(text)))
        for names in GROUPED.findall(text):
            seen += 1
            assert set(re.findall(r"\w+", names)) <= known, text
    assert seen > 20


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_what_an_alert_says_is_a_label_of_its_own(alert: dict) -> None:  # type: ignore[type-arg]
    """`$labels.x` of what the expression leaves, or of the rule itself."""
    said = set(re.findall(r"\$labels\.(\w+)", "".join(alert["annotations"].values())))
    grouped = grouping(alert["expr"])
    left = grouped if grouped is not None else set.intersection(
        *(LABELS[name] | (set() if ":" in name else TARGET) for name, _ in series(alert["expr"])))  # fmt: skip
    assert said <= left | alert["labels"].keys(), alert["expr"]
