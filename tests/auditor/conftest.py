"""A log on disk, made once and copied for who will spoil it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.logs import Log


@dataclass(frozen=True)
class Exported:
    """A log, and the folder with its files."""

    log: Log
    folder: Path
    size: int


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Three bundles and a partial one, for reading only."""
    log, folder = Log(), tmp_path_factory.mktemp("log")
    log.write(folder, 800)
    return Exported(log, folder, 800)


@pytest.fixture
def exported(made: Exported, tmp_path: Path) -> Exported:
    """The same, for spoiling."""
    return Exported(made.log, Path(shutil.copytree(made.folder, tmp_path / "log")), made.size)
