"""The commands about the log, as an operator runs them: exported, verified, witnessed, made findable."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from console import audit
from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries, footage, keep, payload_of
from vault.audit import Event
from vault.log.sequencer import sequence
from vault.log.tables import TrailTerm


@pytest.fixture
def exported(small: Installation, command: Command, tmp_path: Path) -> Path:
    """An export, made by the command."""
    small.settle()
    said = command("audit", "export", tmp_path / "export", settings=small.environment("vault"))
    # On standard error it tells how far it is, when that takes a second.
    assert said.code == 0
    assert said.out.startswith("den-helder.example/log: ")
    return tmp_path / "export"


def test_what_was_exported_is_verified_without_settings(
    small: Installation, command: Command, exported: Path
) -> None:
    said = command("audit", "verify", exported, "--key", small.vault.ring.log_keys[0], "--language", "en")
    assert said.code == 0
    assert said.out.startswith("PROVEN: den-helder.example/log")
    assert "municipality.registered" in said.out


def test_the_trail_says_who_exported(small: Installation, exported: Path) -> None:
    assert exported.is_dir()
    [entry] = entries(small, Event.LOG_EXPORTED)
    assert payload_of(small, entry)["actor"]["kind"] == "operator"


def test_a_mismatch_has_its_exit_code(small: Installation, command: Command, exported: Path) -> None:
    next((exported / "tile" / "entries").rglob("*.p/*")).write_bytes(b"")
    said = command("audit", "verify", exported, "--key", small.vault.ring.log_keys[0])
    assert said.code == 1
    assert said.out.startswith("KLOPT NIET")


def test_a_witness_is_made_and_watches(
    small: Installation, command: Command, exported: Path, tmp_path: Path
) -> None:
    home = tmp_path / "witness"
    made = command("witness", "key", "--name", "or.example", "--folder", home)
    assert made.out.startswith("or.example+")
    key = small.vault.ring.log_keys[0]
    said = command("witness", "watch", exported, "--key", key, "--folder", home, "--once")
    assert said.code == 0
    again = command("witness", "key", "--name", "or.example", "--folder", home)
    assert (again.code, again.out) == (2, "")
    assert "has a key already" in again.err


def test_what_a_witness_of_exports_signed_is_taken(
    small: Installation, command: Command, exported: Path, tmp_path: Path
) -> None:
    key, home, shown = small.vault.ring.log_keys[0], tmp_path / "witness", tmp_path / "shown"
    vkey = command("witness", "key", "--name", "or.example", "--folder", home).out.strip()
    assert command("witness", "watch", exported, "--key", key, "--folder", home, "--once").code == 0
    shown.write_text(command("witness", "show", "--key", key, "--folder", home).out)
    settings = small.environment("vault") | {"BODYCAM_WITNESSES": vkey}
    refused = command("audit", "cosignature", exported / "checkpoint", settings=settings)
    assert (refused.code, "no witness of ours" in refused.err) == (2, True)
    said = command("audit", "cosignature", shown, settings=settings)
    assert (said.code, said.out, said.err) == (0, "cosignatures: 1\n", "")
    small.settle()
    assert command("audit", "export", exported, settings=settings).code == 0
    assert command("audit", "verify", exported, "--key", key, "--witness", vkey).code == 0
    [kept] = (exported / "cosigned").iterdir()
    assert kept.read_text() == shown.read_text()


def test_a_folder_that_is_no_export_is_refused(small: Installation, command: Command, tmp_path: Path) -> None:
    small.settle()
    (tmp_path / "letter.txt").write_text("mine")
    said = command("audit", "export", tmp_path, settings=small.environment("vault"))
    assert said.code == 2
    assert "no export of a log" in said.err


@pytest.mark.parametrize("wrong", ["vkey", "or.example+12345678+AAAA"])
def test_a_witness_that_is_none_stops_the_start(
    small: Installation, command: Command, wrong: str, tmp_path: Path
) -> None:
    settings = small.environment("vault") | {"BODYCAM_WITNESSES": wrong}
    for arguments in (["vault"], ["audit", "export", tmp_path / "export"]):
        said = command(*arguments, settings=settings)
        assert said.code == 2
        assert "BODYCAM_WITNESSES" in said.err


def test_long_work_says_how_far_it_is(
    small: Installation, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.settle()
    monkeypatch.setattr(audit, "PROGRESS_SECONDS", 0.0)
    said = command("audit", "export", tmp_path / "export", settings=small.environment("vault"))
    number = said.err.strip().split(" / ")
    assert len(number) == 2
    assert number[0] == number[1]


def terms(made: Installation) -> int:
    with made.vault.database.reading() as session:
        return session.scalar(select(func.count()).select_from(TrailTerm)) or 0


def test_entries_are_made_findable(small: Installation, command: Command) -> None:
    keep(small, footage(1000))
    sequence(small.vault, now=datetime.now(UTC))
    settings, count = small.environment("keeper"), len(entries(small))
    assert command("audit", "index", settings=settings).out == f"entries: {count}\n"
    assert command("audit", "index", settings=settings).out == "entries: 0\n"
    found = terms(small)
    with small.vault.database.transaction() as session:
        session.execute(delete(TrailTerm).where(TrailTerm.index > 3))
    assert terms(small) < found
    assert command("audit", "index", "--again", settings=settings).out == f"entries: {count}\n"
    assert terms(small) == found
