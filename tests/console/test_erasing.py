"""An epoch of the trail destroyed at the command line: refused with until when, or done and entered."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.console.conftest import Command
from tests.installation import Installation
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.keys import KeyRing, rotate_audit
from vault.tables import AuditEntry


def next_epoch(small: Installation) -> Installation:
    """Begin another one; the installation as its processes hold it after a restart."""
    rotate_audit(small.settings.keys, small.ingest_settings.keys)
    return replace(small, vault=replace(small.vault, ring=KeyRing.load(small.settings.keys)))


@pytest.fixture
def old(small: Installation) -> tuple[Installation, str]:
    """An installation with an epoch of six years ago."""
    then = next_epoch(small)
    with then.vault.database.transaction() as session:
        told = Entry(
            event=Event.RULES_READ,
            at=datetime.now(UTC) - timedelta(days=6 * 366),
            actor=Actor("operator", "x", "x"),
        )
        audit.append(session, then.vault.ring, told)
    small.settle()
    return next_epoch(then), then.vault.ring.epoch


def told(installation: Installation) -> Sequence[AuditEntry]:
    with installation.vault.database.reading() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.event == Event.EPOCH_DESTROYED)).all()


def destroy(command: Command, installation: Installation, epoch: str) -> tuple[int, str]:
    ingest = str(installation.ingest_settings.keys)
    said = command(
        "audit", "destroy-epoch", epoch, "--ingest", ingest, settings=installation.environment("keeper")
    )
    assert "Traceback" not in said.err
    return said.code, said.out + said.err


def test_what_is_over_is_destroyed_and_entered(command: Command, old: tuple[Installation, str]) -> None:
    installation, epoch = old
    code, said = destroy(command, installation, epoch)
    assert code == 0, said
    assert f"destroyed: epoch {epoch}, payload keys: " in said
    assert "restart vault, keeper and ingest" in said
    assert epoch not in KeyRing.load(installation.settings.keys).epochs
    assert epoch not in KeyRing.load(installation.ingest_settings.keys).epochs
    with installation.vault.database.reading() as session:
        events = session.scalars(select(AuditEntry.event).order_by(AuditEntry.seq.desc()).limit(2)).all()
    assert events == [Event.EPOCH_DESTROYED, Event.PAYLOADS_DESTROYED]
    code, said = destroy(command, installation, epoch)
    assert (code, said) == (0, f"{epoch} was destroyed before, and neither ring has it\n")
    assert len(told(installation)) == 1


def test_a_ring_that_came_back_from_a_backup(
    command: Command, old: tuple[Installation, str], tmp_path: Path
) -> None:
    installation, epoch = old
    ring = installation.ingest_settings.keys
    shutil.copytree(ring, tmp_path / "backup")
    destroy(command, installation, epoch)
    shutil.rmtree(ring)
    shutil.copytree(tmp_path / "backup", ring)
    assert epoch in KeyRing.load(ring).epochs
    code, said = destroy(command, installation, epoch)
    assert (code, f"destroyed: epoch {epoch}" in said) == (0, True)
    assert epoch not in KeyRing.load(ring).epochs
    assert len(told(installation)) == 2


def test_what_is_not_over_stays_and_it_says_until_when(
    command: Command, old: tuple[Installation, str]
) -> None:
    installation, _ = old
    first, *_ = set(installation.vault.ring.epochs) - {installation.vault.ring.epoch, old[1]}
    code, said = destroy(command, installation, first)
    assert code == 2
    assert "not before" in said
    assert first in KeyRing.load(installation.settings.keys).epochs
    code, said = destroy(command, installation, installation.vault.ring.epoch)
    assert (code, "current" in said) == (2, True)
