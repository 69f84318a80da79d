"""Fixtures of the image's tests: the image of the program under test, made once."""

import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / folder) for folder in ("scripts/image", "tests/image")]
sys.path.append(str(SOURCE / "tests" / "e2e"))  # people.py

from built_image import Built, build_image  # noqa: E402


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_image(tmp_path_factory.mktemp("image"))
