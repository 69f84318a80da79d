"""Fixtures that every Python test may use: the test clusters. See tests/cluster/README.md."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "cluster"))

from cluster import Cluster  # noqa: E402
from node import NodeUnavailable  # noqa: E402

# A test that is skipped for any other reason fails the run: what is not run is not known to work.
ALLOWED_SKIPS = ("no real node here: ",)


def pytest_configure(config: pytest.Config) -> None:
    """Lets SIGTERM end the run as an interrupt does, so that fixtures are torn down."""
    del config
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turns a skip whose reason is not on the short list into a failure."""
    del item, call
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped for a reason that is not on the short list: {reason}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with the fixture of tests/cluster/manifests, shared by the whole run."""
    with Cluster(name="session") as running:
        running.apply_fixture()
        yield running


@pytest.fixture(scope="session")
def real_node_cluster() -> Iterator[Cluster]:
    """A cluster that also has the node `real`, with a kubelet and containers that run."""
    try:
        running = Cluster(name="real", real_node=True)
    except NodeUnavailable as why:
        pytest.skip(f"no real node here: {why}")
    with running:
        running.apply_fixture()
        yield running
