"""postern's own audit log, as tests read it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raw_http import wait_for

Event = dict[str, Any]
OURS = "audit.postern.dev/"


class AuditLog:
    """The events of a file, whole lines only: the last one may be under way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """The place from which `events` then reads."""
        return self.path.stat().st_size if self.path.exists() else 0

    def text(self, since: int = 0) -> str:
        if not self.path.exists():
            return ""
        with open(self.path, "rb") as log:
            log.seek(since)
            return log.read().decode()

    def events(self, since: int = 0) -> list[Event]:
        return [json.loads(line) for line in self.text(since).split("\n")[:-1]]

    def of(self, audit_id: str | None, since: int = 0) -> list[Event]:
        """One request's, in the order in which they were written."""
        assert audit_id
        return [event for event in self.events(since) if event["auditID"] == audit_id]

    def wait(self, matches: Callable[[Event], bool], since: int = 0) -> Event:
        """The first event that fits; reads of requests are written a moment after their answer."""
        found: list[Event] = []

        def look() -> bool:
            found[:] = [event for event in self.events(since) if matches(event)]
            return bool(found)

        wait_for("an audit event", look)
        return found[0]

    def complete(self, audit_id: str | None, since: int = 0) -> Event:
        """The event that tells of a request's end."""
        assert audit_id
        return self.wait(
            lambda e: e["auditID"] == audit_id and e["stage"] == "ResponseComplete", since
        )

    def settle(self) -> None:
        """Waits until nothing is added any more."""
        size = -1
        while size != self.mark():
            size = self.mark()
            time.sleep(0.2)


def ours(event: Event, key: str) -> str | None:
    """An annotation of postern's own."""
    value = event.get("annotations", {}).get(OURS + key)
    return None if value is None else str(value)


def stages(events: list[Event]) -> list[str]:
    return [str(event["stage"]) for event in events]
