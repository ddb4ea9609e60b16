"""What the tests of the ingest room stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docking import PART, Dock, opened, standing_installation
from tests.installation import Installation, embedded


@pytest.fixture(scope="module", params=["embedded", "at-scale"])
def standing(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation on each pair of real parts, shared by a file's tests; afterwards it must be whole."""
    with standing_installation(request.param, request) as made:
        yield made


@pytest.fixture(scope="module")
def small(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation on SQLite and a directory, shared by a file's tests; afterwards it must be whole."""
    with standing_installation("embedded", request) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite and a directory that one test has for itself and may leave broken."""
    made = embedded(tmp_path, part_bytes=PART)
    yield made
    made.vault.database.close()
    made.intake.database.close()


@pytest.fixture(scope="module")
def dock(small: Installation) -> Iterator[Dock]:
    """The town's dock before an open door, on SQLite and a directory."""
    with opened(small) as opened_door:
        yield opened_door


@pytest.fixture(scope="module")
def any_dock(standing: Installation) -> Iterator[Dock]:
    """The town's dock before an open door, on each pair of real parts."""
    with opened(standing) as opened_door:
        yield opened_door
