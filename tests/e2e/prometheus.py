"""A real Prometheus for one test: it scrapes what it is told to, with the project's own rules.

    with Prometheus(folder, target="127.0.0.1:8081", rules=quick(RULES.read_text())) as prometheus:
        prometheus.query('up{job="postern"}')
        prometheus.firing()
"""

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from ports import Reservations
from process import Component

SOURCE = Path(__file__).resolve().parents[2]
MONITORING = SOURCE / "charts" / "postern" / "files" / "monitoring"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FASTER = 60


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def quicker(text: str) -> str:
    """A duration in a world where time runs sixty times faster; a rate needs some samples yet."""
    return f"{max(seconds(text) // FASTER, 5)}s"


def quick(rules: str) -> str:
    """The rules with every range, offset and `for` that much shorter. Thresholds stay as they are, and so do
    names, in which windows are a part of what people look for."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"\[(\d+[smhd])\]", lambda m: f"[{quicker(m[1])}]", rule["expr"])
            rule["expr"] = re.sub(r"offset (\d+[smhd])", lambda m: f"offset {quicker(m[1])}", rule["expr"])
            if "for" in rule:
                rule["for"] = f"{max(seconds(rule['for']) // FASTER, 1)}s"
    return yaml.safe_dump(document)


def dashboard_queries(**variables: str) -> list[tuple[str, str]]:
    """The panel's title and each of its queries, as Grafana sends them with these variables."""
    found = []
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for name, value in variables.items():
                expr = expr.replace(f"${name}", value)
            assert "$" not in expr, f"{panel['title']}: a variable that is not known: {expr}"
            found.append((panel["title"], expr))
    return found


class Prometheus:
    """Debian's package, on a port of its own, with its data in `folder`; a context manager."""

    def __init__(self, folder: Path, *, target: str, rules: str) -> None:
        self.folder = folder
        folder.mkdir()
        self._reservations = Reservations()
        self._address = f"127.0.0.1:{self._reservations.port()}"
        (folder / "rules.yaml").write_text(rules)
        (folder / "prometheus.yaml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "rules.yaml")],
            "scrape_configs": [{"job_name": "postern", "static_configs": [{"targets": [target]}]}],
        }))  # fmt: skip
        self._component = Component("prometheus", [
            "prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self._address}", "--log.level=warn",
        ], folder)  # fmt: skip

    def __enter__(self) -> "Prometheus":
        self._component.start()
        try:
            self._component.wait_ready(self._ready, 30)
        except BaseException:
            self._component.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._component.stop()
        self._reservations.close()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self._address}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def api(self, path: str, **parameters: str) -> Any:
        """What stands under `data` of an answer of the HTTP API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}?{query}", timeout=30) as answer:
            document = json.load(answer)
        assert document["status"] == "success", document
        return document["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of an instant vector."""
        return list(self.api("query", query=expr)["result"])

    def value(self, expr: str) -> float | None:
        """The one value of a query; None without any."""
        found = self.query(expr)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def firing(self, name: str = "") -> list[dict[str, Any]]:
        """The alerts that fire now; all, or those of a name."""
        return [alert for alert in self.api("alerts")["alerts"]
                if alert["state"] == "firing" and name in ("", alert["labels"]["alertname"])]  # fmt: skip
