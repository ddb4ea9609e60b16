"""The log's name and keys: in the vault's ring alone, named once, rotated, given to a ring of before them."""

import shutil
from pathlib import Path

import pytest

from auditor import notes
from tests.vault.keys.conftest import Folders
from tests.vault.keys.test_rotation import HEAD, carries, every_crash, make
from vault.keys import KeyNotHeld, RingExists, RingRefused, add_log, create_rings, rotate_log


def without_log(folders: Folders) -> None:
    """As rings were made before there was a log."""
    shutil.rmtree(folders.vault / "ring" / "log")


def test_the_log_has_a_name_for_ever(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "v", tmp_path / "i")
    create_rings(*folders, ["noordwijk"], origin="bodycams.noordwijk.example/log")
    keeping, taking = folders.load()
    assert keeping.origin == "bodycams.noordwijk.example/log"
    assert str(keeping.log_keys[0]).startswith("bodycams.noordwijk.example/log+")
    for ask in (lambda: taking.origin, lambda: taking.log_keys, lambda: taking.sign_checkpoint(HEAD)):
        with pytest.raises(KeyNotHeld, match="only the vault"):
            ask()


@pytest.mark.parametrize(
    "name", ["", "https://a.example/log", "a b", "a+b", "a/", "é.example", "a" * 256, "A"]
)
def test_a_log_has_a_name_that_a_note_can_carry(folders: Folders, name: str) -> None:
    without_log(folders)
    with pytest.raises(ValueError, match="not a log's name"):
        add_log(folders.vault, name)
    assert not (folders.vault / "ring" / "log").exists()


def test_a_changed_name_is_refused(folders: Folders) -> None:
    origin = folders.vault / "ring" / "log" / "origin"
    origin.write_text("two words\n")
    with pytest.raises(RingRefused, match="no name of a log"):
        folders.load()
    origin.unlink()
    with pytest.raises(RingRefused, match="is missing"):
        folders.load()


def test_a_ring_of_before_the_log_is_told_what_to_do(folders: Folders) -> None:
    without_log(folders)
    with pytest.raises(RingRefused, match="keys add-log"):
        folders.load()
    with pytest.raises(KeyNotHeld, match="only the vault"):
        add_log(folders.ingest, "noordwijk.example/log")
    add_log(folders.vault, "noordwijk.example/log")
    carries(folders)
    with pytest.raises(RingExists):
        add_log(folders.vault, "noordwijk.example/log")


def test_the_log_key_rotates(folders: Folders) -> None:
    before, _ = folders.load()
    old = notes.join(HEAD, [before.sign_checkpoint(HEAD)])
    key_id = rotate_log(folders.vault)
    keeping, _ = folders.load()
    assert keeping.log is not None
    assert keeping.log.keys.current == key_id
    assert keeping.log_keys[1:] == before.log_keys
    new = notes.join(HEAD, [keeping.sign_checkpoint(HEAD)])
    assert notes.open_note(old, keeping.log_keys).signed == set(before.log_keys)
    assert notes.open_note(new, keeping.log_keys).signed == {keeping.log_keys[0]}
    with pytest.raises(notes.NoteBroken):
        notes.open_note(new, before.log_keys)
    with pytest.raises(RingRefused, match="ingest's ring"):
        rotate_log(folders.ingest)


def test_dying_while_a_log_is_added(tmp_path: Path) -> None:
    def before(folders: Folders) -> None:
        make(folders)
        without_log(folders)

    for folders in every_crash(
        lambda folders: add_log(folders.vault, "noordwijk.example/log"), before, tmp_path
    ):
        if not (folders.vault / "ring" / "log").exists():
            add_log(folders.vault, "noordwijk.example/log")
        carries(folders)
