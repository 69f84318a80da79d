"""The rules of charts/postern/files/monitoring, without a Prometheus: promtool, and what belongs together.

That the rules and the dashboard work with a real postern is tests/e2e/test_prometheus.py's business.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MONITORING = ROOT / "charts" / "postern" / "files" / "monitoring"
RULES = MONITORING / "rules.yaml"
CASES = sorted(HERE.glob("*.yaml"))
METRIC = re.compile(r"\bpostern_[a-z_]+")


def promtool(*args: str) -> str:
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def documented() -> set[str]:
    """The series of docs/metrics.md, which a unit test compares with the program."""
    found = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.M):
        suffixes = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        found |= {name + suffix for suffix in suffixes}
    return found


def dashboard_queries() -> Iterator[str]:
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def test_promtool_reads_the_rules() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_alerts_fire_and_clear(case: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", str(case))


def expectations(name: str) -> Iterator[bool]:
    """For each look at an alert in the cases: whether it is expected to fire."""
    for case in CASES:
        for test in yaml.safe_load(case.read_text())["tests"]:
            for look in test.get("alert_rule_test", []):
                if look["alertname"] == name:
                    yield bool(look["exp_alerts"])
            for look in test.get("promql_expr_test", []):
                asked = re.search(r'alertname=~?"([^"]*)"', look["expr"])
                if asked and name in asked[1].split("|"):
                    yield bool(look["exp_samples"])


def test_every_alert_is_seen_firing_and_not() -> None:
    for alert in alerts():
        assert set(expectations(alert["alert"])) == {True, False}, alert["alert"]


def test_every_alert_says_what_it_is_and_what_to_do() -> None:
    runbooks = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    for alert in alerts():
        name = alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    names = {alert["alert"] for alert in alerts()}
    assert runbooks == names
    table = set(re.findall(r"^\| \[(\w+)\]", (ROOT / "docs" / "monitoring.md").read_text(), re.M))
    assert table == names


def test_rules_and_dashboard_ask_for_series_that_there_are() -> None:
    known = documented()
    for text in [*(rule["expr"] for rule in rules()), *dashboard_queries()]:
        for name in METRIC.findall(re.sub(r"namespace_job:\S+", "", text)):
            assert name in known, f"{name} is not in docs/metrics.md"


def test_recorded_series_are_used() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {name for alert in alerts() for name in re.findall(r"namespace_job:\w+:\w+", alert["expr"])}
    assert recorded == used
