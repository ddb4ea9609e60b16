"""Evidence of a small history on SQLite: what is looked at here is how it is told."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.installation import Installation, embedded
from tests.vault.evidence.history import evidence, happen
from vault.evidence.making import Evidence


@pytest.fixture
def lived_in(tmp_path: Path) -> Iterator[Installation]:
    """An installation in which the history happened."""
    made = embedded(tmp_path)
    with closing(made.vault.database), closing(made.intake.database):
        happen(made)
        yield made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence of such an installation, made once: it is a value, and no test changes it."""
    installation = embedded(tmp_path_factory.mktemp("evidence"))
    with closing(installation.vault.database), closing(installation.intake.database):
        happen(installation)
        return evidence(installation)
