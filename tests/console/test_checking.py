"""The commands that look at the whole house: what they say, the file they write, how they exit."""

import json
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from console.checking import Progress
from console.demo import town
from ingest import orphans
from ingest.announcement import Announcement, announce
from ingest.docks import DockIdentity
from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries, footage, keep, parts_on_disk
from vault.audit import Event
from vault.ids import RecordingId, new_id
from vault.tables import Arrival, Recording, SealedKey, State


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_check_of_a_whole_house(small: Installation, command: Command, tmp_path: Path) -> None:
    keep(small, footage())
    report = tmp_path / "report.json"
    before = datetime.now(UTC)
    said = command("check", "--json", report, settings=small.environment("vault"))
    assert said.code == 0
    assert said.out.splitlines()[-2:] == ["recordings opened: 1", "findings: 0"]
    told = json.loads(report.read_text())
    assert before <= datetime.fromisoformat(told.pop("begun")) <= datetime.fromisoformat(told.pop("ended"))
    assert told == {
        "v": 1,
        "software": f"bodycam-vault {version('bodycam-vault')}",
        "depth": "every",
        "lookedAt": {"stored": 1, "opened": 1, "terms": 1, "told": 1},
        "findings": [],
    }
    assert len(entries(small, Event.INVARIANTS_CHECKED)) == 1


def test_a_deep_check_finds_what_no_sample_may(small: Installation, command: Command, tmp_path: Path) -> None:
    recording = keep(small, footage())
    with small.vault.database.transaction() as session:
        session.execute(update(Recording).values(sha256="ab" * 32))
    settings, report = small.environment("vault"), tmp_path / "report.json"
    assert "footage-differs" not in command("check", settings=settings).out
    said = command("check", "--deep", "--json", report, settings=settings)
    assert said.code == 1
    assert "footage-differs: 1" in said.out.splitlines()
    told = json.loads(report.read_text())
    assert told["depth"] == "deep"
    assert told["findings"] == [
        {"check": name, "about": str(recording)} for name in ("footage-differs", "recording-not-as-told")
    ]


def test_a_check_exits_with_1_when_something_is_wrong(small: Installation, command: Command) -> None:
    keep(small, footage())
    flipped(parts_on_disk(small)[0], 60)
    said = command("check", settings=small.environment("vault"))
    assert (said.code, said.out.splitlines()[-1]) == (1, "findings: 1")
    assert "footage-does-not-open: 1" in said.out


def test_a_check_that_cannot_look_says_so(small: Installation, command: Command) -> None:
    keep(small, footage())
    (small.home / "objects").rename(small.home / "elsewhere")
    said = command("check", settings=small.environment("vault"))
    assert said.code == 2
    assert "does not answer" in said.err
    assert "findings" not in said.out
    (small.home / "elsewhere").rename(small.home / "objects")


def test_progress_is_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    progress = Progress()
    for done in range(1, 4):
        progress("opened", done, 9)
    assert capsys.readouterr().err == ""
    moment += 3
    progress("opened", 4, 9)
    moment += 3
    progress("stored", 5, 0)
    assert capsys.readouterr().err.splitlines() == ["opened: 4 / 9", "stored: 5"]
    assert progress.looked_at == {"opened": 4, "stored": 5, "terms": 0, "told": 0}


def stopped(small: Installation) -> RecordingId:
    """An upload that expired an hour ago."""
    dock = DockIdentity(small.town.dock, town.SLUG, "Dock stadhuis")
    said = Announcement(town.CAMERA, town.OFFICER.subject, datetime.now(UTC), 100, None)
    now = datetime.now(UTC) - small.intake.settings.upload_expires
    return announce(small.intake, dock, said, now=now)


def test_what_would_go_is_named_and_stays_then_goes(
    small: Installation, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "ORPHAN_AGE", datetime.resolution)
    settings, upload = small.environment("vault"), stopped(small)
    name = f"{new_id()}/000000-{'a' * 16}"
    small.vault.store.put(name, b"sealed, once")
    said = command("reap", "--dry-run", settings=settings)
    assert said.code == 0
    assert f"upload   {upload}  expired 0d00h ago  would end" in said.out
    assert f"object   {name}  12 bytes  age 0d00h  would go" in said.out
    assert [each.name for each in small.vault.store.list("")] == [name]
    with small.vault.database.reading() as session:
        assert session.get_one(Recording, upload).state == State.ARRIVING
    said = command("reap", settings=settings)
    assert said.code == 0
    assert f"upload   {upload}  expired 0d00h ago  ended" in said.out
    assert f"object   {name}  12 bytes  age 0d00h  gone" in said.out
    assert list(small.vault.store.list("")) == []
    with small.vault.database.reading() as session:
        assert session.get_one(Recording, upload).state == State.ABANDONED
        assert session.get_one(Arrival, upload).sealed is None
        assert session.get(SealedKey, upload) is None
    [reaped], [told] = entries(small, Event.ARRIVAL_REAPED), entries(small, Event.OBJECTS_REAPED)
    assert reaped.actor == told.actor
    assert command("reap", settings=settings).out == ""


def test_what_is_locked_stays_until_then(
    small: Installation, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "ORPHAN_AGE", datetime.resolution)
    name = f"{new_id()}/000000-{'a' * 16}"
    small.vault.store.put(name, b"sealed, once")
    small.vault.store.retain(name, datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC))
    said = command("reap", settings=small.environment("vault"))
    assert said.code == 0
    assert f"{name}  age 0d00h  stays: ObjectRetained until 2100-01-02T03:04:05+00:00" in said.out


def test_what_is_missing_is_named_and_exits_with_1(small: Installation, command: Command) -> None:
    keep(small, footage())
    lost = parts_on_disk(small)[0]
    lost.unlink()
    for arguments in (["reap", "--dry-run"], ["reap"]):
        said = command(*arguments, settings=small.environment("vault"))
        assert said.code == 1
        assert f"MISSING  {lost.parent.name}/{lost.name}  not in the store" in said.out
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
