"""Rule sets of one's own, to go wrong with."""

import shutil
from pathlib import Path

import pytest

from console.policy.folders import OURS
from tests.console.conftest import command

__all__ = ["command"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the rule sets of two municipalities."""
    for name in ("heerde", "soest"):
        shutil.copytree(OURS / name, tmp_path / "rules" / name)
    return tmp_path / "rules"


def change(path: Path, text: str, instead: str) -> None:
    written = path.read_text(encoding="utf-8")
    assert text in written
    path.write_text(written.replace(text, instead), encoding="utf-8")
