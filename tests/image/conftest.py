"""Fixtures of the image's tests: the image of the program under test, and the node that runs it, made once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import node
import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / folder) for folder in ("scripts/image", "tests/image")]
sys.path += [str(SOURCE / "tests" / "e2e"), str(SOURCE / "tests" / "chart")]  # people.py, helm.py

from built_image import Built, build_image  # noqa: E402
from chart_world import ChartWorld, open_world  # noqa: E402


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def world(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChartWorld]:
    try:
        node.require()
    except node.NodeUnavailable as why:
        pytest.skip(f"no real node here: {why}")
    with open_world(built.archive, tmp_path_factory.mktemp("chart")) as opened:
        yield opened
