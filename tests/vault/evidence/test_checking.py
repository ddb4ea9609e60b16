"""Who checked the trail: witnesses, checkpoints, the installation itself; and what nobody covers yet."""

import base64
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from tests.installation import MAKER, Installation
from tests.vault.evidence.history import evidence, happen
from vault.evidence.checking import record_check
from vault.invariants import Finding
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry
from vault.tables import AuditEntry


def sign(whole: Installation, size: int, at: datetime, *witnesses: str) -> None:
    """A checkpoint of so many entries, cosigned; figures look at no signature."""
    with whole.vault.database.transaction() as session:
        session.add(LogCheckpoint(size=size, root=bytes([size % 256]) * 32, note="note", signed_at=at))
        session.flush()
        for witness in witnesses:
            later = at + timedelta(minutes=1)
            session.add(LogCosignature(size=size, witness=witness, line="line", received_at=later))


def test_witnesses_and_checkpoints_are_told(whole: Installation) -> None:
    now = datetime.now(UTC)
    sign(whole, 1, now - timedelta(days=40), "or.voorbeeld")
    sign(whole, 2, now, "or.voorbeeld", "auditor.voorbeeld")
    sign(whole, 3, now + timedelta(minutes=5), "or.voorbeeld")
    told = evidence(whole).told.figures.integrity
    assert told.checkpoint
    assert (told.checkpoint.size, told.checkpoints_kept) == (3, 2)
    assert base64.b64decode(told.checkpoint.root) == bytes([3]) * 32
    assert [(each.witness, each.cosignatures) for each in told.witnesses] == [
        ("auditor.voorbeeld", 1),
        ("or.voorbeeld", 2),
    ]
    assert told.witnesses[1].last_at - told.witnesses[1].first_at == timedelta(minutes=5)


def test_what_the_newest_checkpoint_does_not_cover_is_counted(whole: Installation) -> None:
    happen(whole)
    with whole.vault.database.transaction() as session:
        ids = session.scalars(select(AuditEntry.id).order_by(AuditEntry.seq)).all()
        session.add_all(LogEntry(index=index, entry_id=found) for index, found in enumerate(ids[:-2]))
    told = evidence(whole).told.figures.integrity
    assert (told.checkpoint, told.not_yet_in_log) == (None, told.entries)
    sign(whole, len(ids) - 3, datetime.now(UTC))
    # two without a number and one above the checkpoint; and the first evidence itself
    assert evidence(whole).told.figures.integrity.not_yet_in_log == 4


def test_checks_and_readings_of_the_trail_are_told(whole: Installation) -> None:
    happen(whole)
    now = datetime.now(UTC)
    told = evidence(whole).told.figures.integrity
    assert (told.checks, told.last_check_at, told.trail_read, told.trail_denied) == (0, None, 1, 0)
    record_check(whole.vault, MAKER, [], now=now)
    record_check(whole.vault, MAKER, [Finding("term-is-over", "x")], now=now + timedelta(minutes=1))
    record_check(whole.vault, MAKER, [], now=now - timedelta(days=40))
    told = evidence(whole).told.figures.integrity
    assert (told.checks, told.checks_with_findings) == (2, 1)
    assert told.last_check_at == now + timedelta(minutes=1)
