"""Key rings by command: made once, given a municipality, rotated; both rings stay a pair."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.console.conftest import Command
from tests.installation import Installation
from vault.disposal.tables import IntakeKey
from vault.ids import new_id
from vault.keys import KeyRing, Role
from vault.sealing import DataKey


@pytest.fixture
def rings(tmp_path: Path, command: Command) -> tuple[str, ...]:
    given = ("--vault", str(tmp_path / "vault"), "--ingest", str(tmp_path / "ingest"))
    assert command("keys", "create", "noordwijk", "den-helder", *given).code == 0
    return given


def test_rings_are_made_once(tmp_path: Path, command: Command, rings: tuple[str, ...]) -> None:
    vault = KeyRing.load(tmp_path / "vault", role=Role.VAULT)
    ingest = KeyRing.load(tmp_path / "ingest", role=Role.INGEST)
    assert vault.footage.municipalities() == ingest.footage.municipalities() == {"noordwijk", "den-helder"}
    said = command("keys", "create", "noordwijk", *rings)
    assert said.code == 2
    assert "is there already" in said.err
    assert KeyRing.load(tmp_path / "vault").epoch == vault.epoch


def test_a_municipality_is_added(tmp_path: Path, command: Command, rings: tuple[str, ...]) -> None:
    assert command("keys", "add-municipality", "voorbeeldstad", *rings).code == 0
    vault, ingest = KeyRing.load(tmp_path / "vault"), KeyRing.load(tmp_path / "ingest")
    recording, key = new_id(), DataKey.generate()
    wrapped = ingest.wrap(key, recording=recording, municipality="voorbeeldstad")
    opened = vault.unwrap(wrapped, recording=recording, municipality="voorbeeldstad")
    assert opened.reveal() == key.reveal()
    assert command("keys", "add-municipality", "voorbeeldstad", *rings).code == 2


def test_the_log_is_named_added_and_its_key_rotated(tmp_path: Path, command: Command) -> None:
    given = ("--vault", tmp_path / "vault", "--ingest", tmp_path / "ingest")
    said = command("keys", "create", "noordwijk", *given, "--origin", "two words")
    assert said.code == 2
    assert "not a log's name" in said.err
    assert not (tmp_path / "vault").exists()
    assert command("keys", "create", "noordwijk", *given, "--origin", "bodycams.example/log").code == 0
    first = KeyRing.load(tmp_path / "vault").log_keys
    assert first[0].name == "bodycams.example/log"
    assert command("keys", "rotate-log", *given[:2]).code == 0
    vault = KeyRing.load(tmp_path / "vault")
    assert len(vault.log_keys) == 2
    assert vault.log_keys[1:] == first
    settings = {
        "BODYCAM_DATABASE_URL": "sqlite://",
        "BODYCAM_OBJECTS_URL": "file:///none",
        "BODYCAM_KEYS": str(tmp_path / "vault"),
    }
    printed = command("audit", "key", settings=settings)
    assert printed.out.split() == [str(key) for key in vault.log_keys]
    shutil.rmtree(tmp_path / "vault" / "ring" / "log")
    refused = command("audit", "key", settings=settings)
    assert refused.code == 2
    assert "keys add-log" in refused.err
    assert command("keys", "add-log", "bodycams.example/log", *given[:2]).code == 0
    assert KeyRing.load(tmp_path / "vault").origin == "bodycams.example/log"


@pytest.mark.parametrize("what", ["rotate-sealing", "rotate-arrival", "rotate-audit", "rotate-receipt"])
def test_keys_are_rotated(tmp_path: Path, command: Command, rings: tuple[str, ...], what: str) -> None:
    was = _current(tmp_path / "ingest")
    recording = new_id()
    wrapped = KeyRing.load(tmp_path / "ingest").wrap(
        DataKey.generate(), recording=recording, municipality="noordwijk"
    )
    arguments = {"rotate-sealing": ("noordwijk", *rings), "rotate-arrival": rings[2:]}.get(what, rings)
    said = command("keys", what, *arguments)
    assert said.code == 0, said.err
    current = _current(tmp_path / "ingest")
    assert current[what]
    assert {name for name in was if was[name] != current[name]} == {what}
    vault = KeyRing.load(tmp_path / "vault")
    vault.unwrap(wrapped, recording=recording, municipality="noordwijk")


def _current(folder: Path) -> dict[str, str]:
    """The key of each use that ingest takes now, under the name of the command that replaces it."""
    ring = KeyRing.load(folder, role=Role.INGEST)
    assert ring.arrival
    return {
        "rotate-sealing": ring.footage.intake_keys("noordwijk")[0],
        "rotate-arrival": ring.arrival.ids()[0],
        "rotate-audit": ring.epoch,
        "rotate-receipt": ring.receipt.current,
    }


def test_old_keys_are_destroyed(command: Command, installation: Installation) -> None:
    """With the vault's settings and a look at ingest's ring: that of a day that is over, and an old one."""
    settings, ingest = installation.environment("keeper"), str(installation.ingest_settings.keys)
    footage = installation.vault.ring.footage
    over = footage.make_day_key("voorbeeldstad", date(2020, 1, 1))
    said = command("keys", "expire", "--ingest", ingest, settings=settings)
    assert (said.code, said.out.strip()) == (0, "1 keys destroyed"), said.err
    assert over not in footage.day_keys()
    [old] = footage.intake_keys("voorbeeldstad")
    with installation.vault.database.transaction() as session:
        session.execute(update(IntakeKey).values(seen_at=datetime(2026, 1, 1, tzinfo=UTC)))
    # Nothing is replaced by this; what was, goes, when it has been so for two days.
    assert command("keys", "expire", "--ingest", ingest, settings=settings).out.strip() == "0 keys destroyed"
    assert footage.intake_keys("voorbeeldstad") == (old,)
    rotate = ("--vault", str(installation.settings.keys), "--ingest", ingest)
    assert command("keys", "rotate-sealing", "voorbeeldstad", *rotate).code == 0
    assert command("keys", "expire", "--ingest", ingest, settings=settings).out.strip() == "0 keys destroyed"
    with installation.vault.database.transaction() as session:
        row = session.get_one(IntakeKey, old)
        assert row.replaced_at
        row.replaced_at -= timedelta(days=2)
    assert command("keys", "expire", "--ingest", ingest, settings=settings).out.strip() == "1 keys destroyed"
    assert old not in footage.intake_keys("voorbeeldstad")
    assert old not in installation.intake.ring.footage.intake_keys("voorbeeldstad")
    with installation.vault.database.transaction() as session:
        session.execute(update(IntakeKey).values(seen_at=datetime.now(UTC)))
