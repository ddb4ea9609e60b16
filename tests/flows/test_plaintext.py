"""No plaintext byte rests on any disk: everything a real process of ingest wrote is searched for footage."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import requests

from tests.docking import PART, Dock, dock_at, settings_at, stored
from tests.footage import made
from tests.installation import Installation, embedded, free_port
from tests.running import environment_of

NEEDLE = 24
"""Bytes in a row that no file has by chance."""
MARK = secrets.token_bytes(32)


@dataclass(frozen=True)
class Watched:
    """A process of ingest, and the only places where it may write."""

    process: subprocess.Popen[bytes]
    dock: Dock
    home: Path
    places: list[Path]


@pytest.fixture
def confined(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose folder holds everything its process may write."""
    made = embedded(tmp_path, part_bytes=PART)
    yield made
    made.vault.database.close()
    made.intake.database.close()


@contextmanager
def watched(made: Installation) -> Iterator[Watched]:
    """``bodycam-vault ingest`` with a home, a temporary folder and a working folder of its own."""
    port = free_port()
    here = settings_at(made, port)
    places = [made.home / name for name in ("user", "tmp", "cwd")]
    for place in places:
        place.mkdir(exist_ok=True)
    user, tmp, cwd = map(str, places)
    environment = environment_of(
        made,
        "ingest",
        BODYCAM_INGEST_URL=str(here.ingest_url),
        BODYCAM_INGEST_LISTEN=here.ingest_listen,
        HOME=user,
        XDG_CACHE_HOME=user,
        TMPDIR=tmp,
        PYTHONPATH=str(Path(__file__).parents[2]),
    )
    with (made.home / "ingest.log").open("ab") as log:
        command = [sys.executable, "-m", "console", "ingest"]
        process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (made.home / "ingest.log").read_text()
            with suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/health/alive", timeout=10)
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Watched(process, dock_at(made, f"http://127.0.0.1:{port}"), made.home, places)
    finally:
        process.kill()
        process.wait()


def marked(base: bytes, length: int) -> bytes:
    """`base` and a box that players skip, full of the mark; no two are the same."""
    body = secrets.token_bytes(16) + MARK * ((length - len(base)) // len(MARK))
    return base + (len(body) + 8).to_bytes(4, "big") + b"free" + body


@cache
def needles(pieces: int = 20) -> list[bytes]:
    """The mark, and pieces of the moving pictures themselves, telling enough to be in no other file."""
    base = made()
    begin, end = base.index(b"mdat") + 4, base.index(b"moov")
    step = (end - begin - NEEDLE) // pieces
    found = [base[at : at + NEEDLE] for at in range(begin, end - NEEDLE, step)]
    telling = [piece for piece in found if len(set(piece)) > NEEDLE // 2]
    assert len(telling) > pieces // 2
    return [MARK, *telling]


def found_in(home: Path, process: int | None = None) -> list[str]:
    """The files with footage in them: below `home`, and those without a name that the process holds open."""
    files = [path for path in home.rglob("*") if path.is_file()]
    if process:
        files += [path for path in Path(f"/proc/{process}/fd").iterdir() if is_deleted_file(path)]
    found = []
    for path in files:
        with suppress(FileNotFoundError):
            written = path.read_bytes()
            found += [str(path)] * any(needle in written for needle in needles())
    return found


def is_deleted_file(descriptor: Path) -> bool:
    with suppress(FileNotFoundError):
        return str(descriptor.readlink()).endswith(" (deleted)") and descriptor.is_file()
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_nothing_that_ingest_writes_holds_a_byte_of_footage(confined: Installation) -> None:
    whole = marked(made(), 5 * PART)
    contents = {
        # Its index stands at the end: the examination has to seek.
        "whole": whole,
        "whole, index first": marked(made("-movflags", "+faststart"), 2 * PART),
        "in quarantine": MARK * 4000,
        "cut": made()[: len(made()) * 2 // 3],
        "broken off": marked(made(), 6 * PART),
        "bad checksum": marked(made(), 3 * PART),
        "too much": marked(made(), 2 * PART),
        "withdrawn": marked(made(), 3 * PART),
    }
    for content in contents.values():
        assert any(needle in content for needle in needles())

    def search(when: str) -> None:
        assert found_in(running.home, running.process.pid) == [], when

    with watched(confined) as running:
        dock = running.dock
        for name in ("broken off", "withdrawn", "bad checksum", "too much"):
            content = contents[name]
            upload = dock.begin(len(content) - (name == "too much"))
            if name == "bad checksum":
                assert dock.send(upload, content, Upload_Checksum="md5 AAAA").status_code == 460
            elif name == "too much":
                assert dock.send(upload, content).status_code == 413
            else:
                dock.go_on(upload, content[: len(content) // 2], 0, chunk=PART + 11)
            if name == "withdrawn":
                dock.withdraw(upload)
        search("while it arrives")
        again = []
        for name in ("whole", "whole, index first", "in quarantine", "cut"):
            content = contents[name]
            upload = dock.begin(len(content))
            dock.go_on(upload, content, 0, chunk=3 * PART - 5)
            search("received")
            again.append(dock.receipt(upload)["wipe"])
            search("past its commit point")
        assert again == [True, True, False, False]
        dock.receipt(dock.upload(contents["whole"]))
        search("recognised")
        assert stored(confined)
        running.process.terminate()
        running.process.wait(30)
    assert found_in(running.home) == []
    for place in running.places:
        assert list(place.iterdir()) == [], "it writes nothing but objects, rows and its log"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """Planted whole, as a piece, in a database's leftover pages and in a file that has no name any more."""
    content = marked(made(), 3 * PART)
    assert found_in(tmp_path) == []
    places = {
        "whole": content,
        "deep/down/piece": b"x" * 5000 + content[len(made()) // 3 : len(made()) // 2] + b"y" * 5000,
        "vault.db-wal": secrets.token_bytes(4096) + content[:4096],
    }
    for name, planted in places.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(planted)
        assert found_in(tmp_path) == [str(tmp_path / name)]
        (tmp_path / name).unlink()
    with (tmp_path / "nameless").open("wb") as nameless:
        nameless.write(content)
        nameless.flush()
        (tmp_path / "nameless").unlink()
        assert found_in(tmp_path, os.getpid()) == [f"/proc/{os.getpid()}/fd/{nameless.fileno()}"]
