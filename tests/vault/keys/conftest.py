"""Two rings on disk, as they are first made."""

from pathlib import Path
from typing import NamedTuple

import pytest

from vault.keys import KeyRing, create_rings


class Folders(NamedTuple):
    """Where the two rings are."""

    vault: Path
    ingest: Path

    def load(self) -> tuple[KeyRing, KeyRing]:
        """The vault's ring and ingest's."""
        return KeyRing.load(self.vault), KeyRing.load(self.ingest)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "vault", tmp_path / "ingest")
    create_rings(*made, ["noordwijk", "den-helder"])
    return made
