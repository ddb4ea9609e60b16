"""The command line: what refuses to start says so in words, without a traceback and without a secret."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from console.demo import town
from ingest.probe import NotFootage
from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries, footage, keep
from vault.audit import Event
from vault.tables import SealedKey


def test_without_a_command_it_tells_what_there_is(command: Command) -> None:
    said = command()
    for name in ("vault", "ingest", "keeper", "migrate", "check", "up", "demo", "keys", "register"):
        assert name in said.out + said.err


@pytest.mark.parametrize("process", ["vault", "ingest", "keeper"])
def test_each_process_starts_from_its_settings(small: Installation, command: Command, process: str) -> None:
    said = command(process, settings=small.environment(process))
    assert said.code == 0, said.err
    assert "would serve" in said.out


def refused(small: Installation, command: Command, process: str, changed: dict[str, str | None]) -> str:
    """What a process that must not start says."""
    settings = {**small.environment(process), **changed}
    given = {name: value for name, value in settings.items() if value is not None}
    said = command(process, settings=given)
    assert said.code == 2
    assert "would serve" not in said.out
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize("process", ["vault", "keeper", "ingest"])
def test_not_with_the_ring_of_another(small: Installation, command: Command, process: str) -> None:
    other = small.settings if process == "ingest" else small.ingest_settings
    said = refused(small, command, process, {"BODYCAM_KEYS": str(other.keys)})
    assert "ring" in said


@pytest.mark.parametrize("process", ["vault", "keeper", "ingest"])
def test_not_with_keys_that_lie_open(small: Installation, command: Command, process: str) -> None:
    keys = small.ingest_settings.keys if process == "ingest" else small.settings.keys
    next((keys / "ring").rglob("private.pem")).chmod(0o644)
    assert "private.pem" in refused(small, command, process, {})


@pytest.mark.parametrize("process", ["vault", "keeper", "ingest"])
def test_not_on_an_older_schema(small: Installation, command: Command, process: str) -> None:
    with small.vault.database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "migrate" in refused(small, command, process, {})


@pytest.mark.parametrize(
    ("process", "name"),
    [
        ("vault", "BODYCAM_OIDC_ISSUER"),
        ("vault", "BODYCAM_OIDC_AUDIENCE"),
        ("ingest", "BODYCAM_INGEST_URL"),
        ("vault", "BODYCAM_DATABASE_URL"),
        ("ingest", "BODYCAM_KEYS"),
    ],
)
def test_not_without_what_it_needs(small: Installation, command: Command, process: str, name: str) -> None:
    assert name in refused(small, command, process, {name: None})


def test_not_with_a_provider_over_http(small: Installation, command: Command) -> None:
    said = refused(small, command, "vault", {"BODYCAM_OIDC_ISSUER": "http://login.example"})
    assert "https" in said


def test_not_with_a_setting_nobody_knows(small: Installation, command: Command) -> None:
    said = refused(small, command, "keeper", {"BODYCAM_DATABSE_URL": "postgresql://vault:hunter2@db/v"})
    assert "BODYCAM_DATABSE_URL" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("file", ["rules.cedar", "terms.toml"])
def test_not_with_a_rule_set_that_is_wrong(
    small: Installation, command: Command, tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "rulesets" / "noordwijk"
    folder.mkdir(parents=True)
    (folder / file).write_text("permit everything;")
    said = refused(small, command, "vault", {"BODYCAM_RULE_SETS": str(folder.parent)})
    assert "noordwijk" in said


def test_migrating_makes_database_and_store(small: Installation, command: Command, tmp_path: Path) -> None:
    settings = {
        **small.environment("vault"),
        "BODYCAM_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}",
        "BODYCAM_OBJECTS_URL": (tmp_path / "new-objects").as_uri(),
    }
    assert command("vault", settings=settings).code == 2
    assert command("migrate", settings=settings).code == 0
    assert command("migrate", settings=settings).code == 0
    assert (tmp_path / "new-objects").is_dir()
    assert command("vault", settings=settings).code == 0


def test_a_check_says_what_it_found(small: Installation, command: Command) -> None:
    keep(small, footage(1000))
    said = command("check", settings=small.environment("vault"))
    assert (said.code, said.out.splitlines()[-1]) == (0, "findings: 0")
    with small.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    said = command("check", settings=small.environment("vault"))
    assert (said.code, said.out.splitlines()[-1]) == (1, "findings: 1")


def test_quarantine_is_listed(small: Installation, command: Command) -> None:
    recording = keep(small, footage(1000), seen=NotFootage("not-footage"))
    said = command("quarantine", town.SLUG, settings=small.environment("vault"))
    assert said.code == 0
    [line] = said.out.splitlines()
    assert line.split()[:3] == [str(recording), "not-footage", town.CAMERA]
    assert f"{datetime.now(UTC):%Y}" in line
    assert len(entries(small, Event.QUARANTINE_READ)) == 1
