"""Rings are made, grow and rotate; dying at any step leaves rings that load, or none, and loses no key."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from auditor import notes
from tests.vault.keys.conftest import Folders
from vault.keys import (
    KeyNotHeld,
    KeyRing,
    RingExists,
    RingRefused,
    add_municipality,
    create_rings,
    folder,
    rotate_arrival,
    rotate_audit,
    rotate_log,
    rotate_receipt,
    rotate_sealing,
)
from vault.sealing import DataKey

RECORDING = UUID("01980000-0000-7000-8000-000000000001")
KEY = DataKey(bytes(range(32)))
HEAD = "noordwijk.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
FILES = {
    "vault": {
        "role",
        *(f"{use}/current" for use in ("payload", "pseudonym", "receipt", "sealing/noordwijk")),
        *(f"{use}/*/public.pem" for use in ("payload", "receipt", "sealing/noordwijk")),
        *(f"{use}/*/private.pem" for use in ("payload", "sealing/noordwijk")),
        "pseudonym/*/secret.hex",
        *("log/origin", "log/current", "log/*/public.pem", "log/*/private.pem"),
    },
    "ingest": {
        "role",
        *(f"{use}/current" for use in ("arrival", "payload", "pseudonym", "receipt", "sealing/noordwijk")),
        *(f"{use}/*/public.pem" for use in ("arrival", "payload", "receipt", "sealing/noordwijk")),
        *(f"{use}/*/private.pem" for use in ("arrival", "receipt")),
        "pseudonym/*/secret.hex",
    },
}
"""Written out here on purpose: which process may hold which half is the point of having two rings."""


def carries(folders: Folders, municipality: str = "noordwijk") -> None:
    """Both rings load, and what ingest seals, names and signs now, the vault opens and knows."""
    keeping, taking = folders.load()
    wrapped = taking.wrap(KEY, recording=RECORDING, municipality=municipality)
    assert keeping.unwrap(wrapped, recording=RECORDING, municipality=municipality) == KEY
    arriving = taking.wrap_arriving(KEY, recording=RECORDING, municipality=municipality)
    assert taking.unwrap_arriving(arriving, recording=RECORDING, municipality=municipality) == KEY
    sealed = taking.seal_payload(b"payload", entry=RECORDING)
    assert keeping.open_payload(sealed, entry=RECORDING) == b"payload"
    for epoch in {taking.epoch, keeping.epoch}:
        named = taking.pseudonym("dock", "1", epoch=epoch)
        assert named == keeping.pseudonym("dock", "1", epoch=epoch)
    assert taking.receipt.current in {key["kid"] for key in keeping.receipt_jwks()["keys"]}
    signed = notes.join(HEAD, [keeping.sign_checkpoint(HEAD)])
    assert notes.open_note(signed, keeping.log_keys).signed == {keeping.log_keys[0]}


def test_each_ring_holds_its_halves_and_no_other(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "vault", tmp_path / "ingest")
    create_rings(*folders, ["noordwijk"])
    for ring in folders:
        found = [path.relative_to(ring / "ring").parts for path in ring.rglob("*") if path.is_file()]
        shapes = {"/".join("*" if len(part) == 16 else part for part in parts) for parts in found}
        assert shapes == FILES[ring.name]
    carries(folders)


def test_rings_in_folders_that_are_there_and_empty(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "a", tmp_path / "b")
    for path in folders:
        path.mkdir(0o700)
    create_rings(*folders, iter(["noordwijk", "noordwijk"]))
    carries(folders)


def test_nothing_is_written_over(folders: Folders, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for pair in (folders, (folders.vault, tmp_path / "new"), (tmp_path / "fresh", folders.ingest)):
        with pytest.raises(RingExists):
            create_rings(*pair, ["noordwijk"])
    with pytest.raises(RingExists):
        add_municipality(*folders, "noordwijk")
    with pytest.raises(ValueError, match="a folder each"):
        create_rings(tmp_path / "one", tmp_path / "one", ["noordwijk"])
    with pytest.raises(RingRefused, match="vault's"):
        add_municipality(folders.ingest, folders.vault, "zwolle")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["", ".", "..", "Noordwijk", "a/b", "a b", "-a", "a-", "a\n", "current\0"])
def test_a_municipality_has_a_plain_id(tmp_path: Path, folders: Folders, name: str) -> None:
    with pytest.raises(ValueError, match="not a municipality"):
        create_rings(tmp_path / "v", tmp_path / "i", [name])
    with pytest.raises(ValueError, match="not a municipality"):
        add_municipality(*folders, name)
    with pytest.raises(ValueError, match="at least one"):
        create_rings(tmp_path / "v", tmp_path / "i", [])


def test_a_municipality_is_added(folders: Folders) -> None:
    add_municipality(*folders, "zwolle")
    carries(folders, "zwolle")
    carries(folders, "noordwijk")


def test_sealing_rotates(folders: Folders) -> None:
    _, before = folders.load()
    others = before.footage.intake_keys("den-helder")
    old = before.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    key_id = rotate_sealing(*folders, "noordwijk")
    keeping, taking = folders.load()
    new = taking.wrap(KEY, recording=RECORDING, municipality="noordwijk")
    assert new.key_id == key_id != old.key_id
    for wrapped in (old, new):
        assert keeping.unwrap(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
    assert keeping.footage.intake_keys("den-helder") == others
    # Nobody has to start again for it: who runs wraps for the new one, too.
    assert before.wrap(KEY, recording=RECORDING, municipality="noordwijk").key_id == key_id
    with pytest.raises(KeyNotHeld, match="add the municipality"):
        rotate_sealing(*folders, "zwolle")


def test_arrival_rotates(folders: Folders) -> None:
    _, before = folders.load()
    old = before.wrap_arriving(KEY, recording=RECORDING, municipality="noordwijk")
    key_id = rotate_arrival(folders.ingest)
    _, taking = folders.load()
    new = taking.wrap_arriving(KEY, recording=RECORDING, municipality="noordwijk")
    assert new.key_id == key_id != old.key_id
    for wrapped in (old, new):
        assert taking.unwrap_arriving(wrapped, recording=RECORDING, municipality="noordwijk") == KEY
    with pytest.raises(RingRefused, match="vault's ring"):
        rotate_arrival(folders.vault)


def test_an_audit_epoch_begins(folders: Folders) -> None:
    before, _ = folders.load()
    old = before.seal_payload(b"old", entry=RECORDING)
    epoch = rotate_audit(*folders)
    keeping, taking = folders.load()
    assert keeping.epoch == taking.epoch == epoch != before.epoch
    assert keeping.epochs == (epoch, before.epoch)
    assert keeping.pseudonym("person", "jan") != before.pseudonym("person", "jan")
    assert keeping.pseudonym("person", "jan", epoch=before.epoch) == before.pseudonym("person", "jan")
    new = taking.seal_payload(b"new", entry=RECORDING)
    assert new.key_id != old.key_id
    assert [keeping.open_payload(sealed, entry=RECORDING) for sealed in (old, new)] == [b"old", b"new"]


class Crash(BaseException):
    """The process is no more."""


def crash_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Die before the `step`th write, rename or sync; tells how many there were."""
    count = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            nonlocal count
            count += 1
            if count == step:
                raise Crash
            return real(*args, **more)

        return call

    monkeypatch.setattr(folder, "_write", counted(folder._write))
    monkeypatch.setattr(os, "fsync", counted(lambda _: None))  # the disk is not what dies here
    for name in ("mkdir", "rename", "replace"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    return lambda: count


def every_crash(
    act: Callable[[Folders], object], setup: Callable[[Folders], None], tmp_path: Path
) -> list[Folders]:
    """`act` on fresh folders, dying before each of its steps in turn."""
    left = []
    for step in range(1, 1000):
        folders = Folders(tmp_path / f"{step}v", tmp_path / f"{step}i")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: None)
            setup(folders)
            count = crash_at(step, patched)
            try:
                act(folders)
            except Crash:
                left.append(folders)
                continue
        assert count() == step - 1 > 5
        return left
    raise AssertionError("never done")


def make(folders: Folders) -> None:
    create_rings(*folders, ["noordwijk"])


def test_dying_while_rings_are_made(tmp_path: Path) -> None:
    for folders in every_crash(make, lambda _: None, tmp_path):
        whole = [(folders.vault / "ring").exists(), (folders.ingest / "ring").exists()]
        # Never an ingest that seals for keys which nobody has.
        assert whole in ([False, False], [True, False], [True, True])
        for ring, is_whole in zip(folders, whole, strict=True):
            if is_whole:
                KeyRing.load(ring)
            else:
                with pytest.raises(RingRefused, match="missing"):
                    KeyRing.load(ring)
        if whole == [False, False]:
            make(folders)
            carries(folders)
        elif whole == [True, False]:
            with pytest.raises(RingExists, match="remove it"):
                make(folders)


@pytest.mark.parametrize(
    "act",
    [
        lambda folders: rotate_sealing(folders.vault, folders.ingest, "noordwijk"),
        lambda folders: rotate_arrival(folders.ingest),
        lambda folders: rotate_audit(*folders),
        lambda folders: rotate_receipt(*folders),
        lambda folders: rotate_log(folders.vault),
    ],
    ids=["sealing", "arrival", "audit", "receipt", "log"],
)
def test_dying_while_a_key_rotates(act: Callable[[Folders], object], tmp_path: Path) -> None:
    for folders in every_crash(act, make, tmp_path):
        carries(folders)
        act(folders)
        carries(folders)


def test_dying_while_a_municipality_is_added(tmp_path: Path) -> None:
    for folders in every_crash(lambda folders: add_municipality(*folders, "zwolle"), make, tmp_path):
        carries(folders)
        if "zwolle" not in KeyRing.load(folders.ingest).footage.municipalities():
            add_municipality(*folders, "zwolle")
        carries(folders, "zwolle")
