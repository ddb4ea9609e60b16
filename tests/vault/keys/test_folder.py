"""A ring that leaves doubt is not loaded, and the refusal names the file and what to do."""

import os
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.vault.keys.conftest import Folders
from vault.keys import KeyRing, KeyRingError, RingRefused, Role, folder, rotate_arrival
from vault.keys.folder import writing


def key_of(ring: Path, use: str) -> Path:
    """The folder of the only key of a use."""
    (key,) = (path for path in (ring / "ring" / use).iterdir() if path.is_dir())
    return key


def refused(ring: Path, naming: Path, saying: str) -> None:
    """The ring does not load, and the message names the file, what is wrong and what to do."""
    with pytest.raises(RingRefused) as caught:
        KeyRing.load(ring)
    message = str(caught.value)
    assert message.startswith(f"{naming}: ")
    assert saying in message
    assert "; " in message
    assert isinstance(caught.value, KeyRingError)


def every_path(ring: Path) -> list[Path]:
    return [ring, *sorted(ring.rglob("*"))]


@pytest.mark.parametrize("bit", [0o001, 0o002, 0o004, 0o010, 0o020, 0o040])
def test_a_mode_that_lets_others_in(folders: Folders, bit: int) -> None:
    for ring in folders:
        for path in every_path(ring):
            mode = path.stat().st_mode & 0o777
            path.chmod(mode | bit)
            refused(ring, path, "chmod")
            path.chmod(mode)
        KeyRing.load(ring)


def test_a_stricter_mode_is_welcome(folders: Folders) -> None:
    for path in every_path(folders.vault):
        path.chmod(0o500 if path.is_dir() else 0o400)
    KeyRing.load(folders.vault)


def test_an_owner_that_is_not_us(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    refused(folders.vault, folders.vault, "chown")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_given_away(folders: Folders) -> None:
    for path in every_path(folders.vault):
        os.chown(path, 12345, -1)
        refused(folders.vault, path, "12345")
        os.chown(path, 0, -1)


def test_a_symbolic_link_anywhere(folders: Folders, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    for ring in folders:
        for path in every_path(ring):
            path.rename(aside)
            path.symlink_to(aside)
            refused(ring, path, "symbolic link")
            path.unlink()
            aside.rename(path)
        KeyRing.load(ring)


def test_anything_missing(folders: Folders, tmp_path: Path) -> None:
    for ring in folders:
        for path in every_path(ring):
            if path.parent.name == "sealing":
                continue  # a municipality that is not there is one that is not served
            path.rename(tmp_path / "aside")
            with pytest.raises(RingRefused):
                KeyRing.load(ring)
            (tmp_path / "aside").rename(path)
        current = ring / "ring/sealing/noordwijk/current"
        current.unlink()
        refused(ring, current, "missing")


def test_anything_too_many(folders: Folders) -> None:
    for ring in folders:
        for path in every_path(ring):
            if path.is_dir():
                extra = path / "Notes.txt"
                extra.touch(0o600)
                refused(ring, extra, "")
                extra.unlink()
        KeyRing.load(ring)


@pytest.mark.parametrize(
    ("use", "half"),
    [("sealing/noordwijk", "private.pem"), ("payload", "private.pem")],
)
def test_ingest_must_not_hold_the_vaults_private_keys(folders: Folders, use: str, half: str) -> None:
    target = key_of(folders.ingest, use) / half
    shutil.copy(key_of(folders.vault, use) / half, target)
    refused(folders.ingest, target, "ingest's ring")


def test_the_wrong_ring_for_the_process(folders: Folders) -> None:
    KeyRing.load(folders.ingest, role=Role.INGEST)
    with pytest.raises(RingRefused, match="vault's ring"):
        KeyRing.load(folders.vault, role=Role.INGEST)
    role = folders.vault / "ring/role"
    role.write_text("ingest\n")
    with pytest.raises(RingRefused):
        KeyRing.load(folders.vault)
    role.write_text("both\n")
    refused(folders.vault, role, "no role")


@pytest.mark.parametrize("name", ["Noordwijk", "noord wijk", ".noordwijk", "noordwijk.bak"])
def test_a_folder_that_is_no_municipality(folders: Folders, name: str) -> None:
    sealing = folders.ingest / "ring/sealing"
    shutil.copytree(sealing / "noordwijk", sealing / name)
    refused(folders.ingest, sealing / name, "not named after a municipality")


def test_current_names_a_key_that_is_there(folders: Folders) -> None:
    for use in ("payload", "pseudonym", "receipt", "sealing/noordwijk"):
        current = folders.vault / "ring" / use / "current"
        content = current.read_text()
        for wrong in ("", "0" * 16, "../role", content * 2, "\xff"):
            current.write_text(wrong)
            refused(folders.vault, current, "not here")
        current.write_text(content)
    KeyRing.load(folders.vault)


@pytest.mark.parametrize("use", ["sealing/noordwijk", "payload", "receipt", "pseudonym"])
def test_a_key_under_another_id(folders: Folders, use: str) -> None:
    key = key_of(folders.vault, use)
    moved = key.rename(key.with_name("0" * 16))
    (moved.parent / "current").write_text("0" * 16)
    refused(folders.vault, moved, key.name)


@pytest.mark.parametrize(
    ("ring", "use", "other"),
    [
        ("vault", "sealing/noordwijk", "payload"),
        ("ingest", "receipt", None),
        ("vault", "payload", "sealing/den-helder"),
    ],
)
def test_a_private_key_that_does_not_belong(folders: Folders, ring: str, use: str, other: str | None) -> None:
    whose = getattr(folders, ring)
    private = key_of(whose, use) / "private.pem"
    if other is None:
        private.write_bytes(
            ec.generate_private_key(ec.SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )
    else:
        shutil.copy(key_of(whose, other) / "private.pem", private)
    refused(whose, private, "public.pem")


@pytest.mark.parametrize("half", ["public.pem", "private.pem"])
@pytest.mark.parametrize("use", ["arrival", "receipt"])
def test_a_key_of_the_wrong_kind_or_no_key(folders: Folders, use: str, half: str) -> None:
    path = key_of(folders.ingest, use) / half
    other = key_of(folders.ingest, "receipt" if use == "arrival" else "arrival")
    encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"
    for content in (b"", b"garbage", encrypted.encode(), (other / half).read_bytes()):
        path.write_bytes(content)
        refused(folders.ingest, path, "is not")


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_a_pseudonym_secret_that_is_none(folders: Folders, content: str) -> None:
    path = key_of(folders.vault, "pseudonym") / "secret.hex"
    path.write_text(content)
    refused(folders.vault, path, "64 hexadecimal")


def test_things_that_are_neither_file_nor_folder(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    role = folders.vault / "ring/role"
    role.unlink()
    os.mkfifo(role, 0o600)
    refused(folders.vault, role, "not a regular file")
    role.unlink()
    role.mkdir(0o600)
    refused(folders.vault, role, "not a regular file")
    role.rmdir()
    monkeypatch.chdir(role.parent)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("role")
    role.chmod(0o600)
    refused(folders.vault, role, "does not open")


def test_what_a_crash_left_is_not_read_and_is_swept(folders: Folders) -> None:
    left = folders.ingest / ".new-0123456789abcdef"
    left.mkdir(0o700)
    (left / "private.pem").touch(0o600)
    lone = folders.ingest / ".new-fedcba9876543210"
    lone.touch(0o600)
    KeyRing.load(folders.ingest)
    rotate_arrival(folders.ingest)
    assert {path.name for path in folders.ingest.iterdir()} == {"ring"}


def test_two_commands_at_once(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "PATIENCE", 0.05)
    with writing(folders.ingest), pytest.raises(RingRefused, match="another command"):
        rotate_arrival(folders.ingest)
    rotate_arrival(folders.ingest)


def test_who_writes_for_a_moment_is_waited_for(folders: Folders) -> None:
    with ThreadPoolExecutor(1) as pool:
        with writing(folders.ingest):
            waiting = pool.submit(rotate_arrival, folders.ingest)
            time.sleep(0.1)
            assert not waiting.done()
        assert waiting.result()


def test_what_is_written_is_ours_alone_and_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    mask = os.umask(0)
    try:
        with writing(tmp_path / "keys") as ring:
            folder.place(ring, ring, {"current": b"1", "a/public.pem": b"2", "a/b/c": b"3"})
            folder.replace(ring, ring / "current", b"4")
    finally:
        os.umask(mask)
    for path in every_path(tmp_path / "keys"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
        assert path.stat().st_ino in synced, path
    assert tmp_path.stat().st_ino in synced
    assert (ring / "current").read_bytes() == b"4"


def test_what_is_destroyed_is_gone_from_the_ring_first(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate_arrival(folders.ingest)
    ring = folders.ingest / "ring"
    old = next(path for path in (ring / "arrival").iterdir() if path.is_dir() and not _is_current(path))
    with monkeypatch.context() as dying:
        dying.setattr(shutil, "rmtree", lambda _path: 1 // 0)
        with pytest.raises(ZeroDivisionError), writing(folders.ingest) as found:
            folder.destroy(found, old)
    # It died between the two steps: nobody reads what is left, and the next who writes removes it.
    assert not old.exists()
    held = KeyRing.load(folders.ingest, role=Role.INGEST).arrival
    assert held
    assert len(held.ids()) == 1
    assert len(list(folders.ingest.glob(".new-*"))) == 1
    with writing(folders.ingest) as found:
        folder.destroy(found, old)
    assert not list(folders.ingest.glob(".new-*"))


def _is_current(key: Path) -> bool:
    return (key.parent / "current").read_text().strip() == key.name
