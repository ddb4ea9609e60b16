"""The demonstration is a test of the whole: it ends well, and when something is wrong it fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from console.demo.footage import NothingToShow, brought
from tests.footage import film

SABOTAGE = """
import sys
if sys.orig_argv[-1] == "vault":
    from vault.footage import Footage
    read = Footage.read
    Footage.read = lambda self, first, last: (bytes(len(piece)) for piece in read(self, first, last))
"""
"""A vault that shows other bytes than the camera's, in every process that finds this on its path."""


def demo(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console", "demo", "--once", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_demonstration_ends_well() -> None:
    played = demo()
    assert played.returncode == 0, played.stdout + played.stderr
    assert "every step went as it must" in played.stdout
    assert "WRONG" not in played.stdout
    for said in (
        "may wipe the camera",
        "checked offline, with public keys",
        "asks for a decider",
        "cannot approve their own request",
        "bit for bit",
        "sees nothing",
        "above every rule set",
        "viewing.served",
        "Sam de Vries",
    ):
        assert said in played.stdout
    assert "Traceback" not in played.stderr


def test_a_sabotaged_one_fails(tmp_path: Path) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(film(400_000))
    (folder / "b.mp4").write_bytes(b"this is no film" * 1000)
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    played = demo("--footage", folder, PYTHONPATH=str(tmp_path))
    assert played.returncode == 1, played.stdout + played.stderr
    assert "WRONG bytes" in played.stdout
    assert "1 step(s) went wrong" in played.stdout
    # Of what was brought, what is no film goes to quarantine, and that is as it must be.
    assert "a.mp4: kept" in played.stdout
    assert re.search(r"b\.mp4: quarantine \([a-z-]+\)", played.stdout)


def test_an_empty_folder_is_nothing_to_show(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NothingToShow):
        brought(tmp_path)
    (tmp_path / "b.mp4").touch()
    (tmp_path / "a.mp4").touch()
    assert [path.name for path in brought(tmp_path)] == ["a.mp4", "b.mp4"]
