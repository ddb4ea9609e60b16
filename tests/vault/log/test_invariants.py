"""The invariants of the log find what an administrator of the database can do to it, whoever is fooled."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from auditor import merkle, notes
from auditor.checkpoints import Checkpoint
from tests.installation import Installation
from tests.vault.log.conftest import append, appended, assert_whole, numbered
from vault.finding import Finding
from vault.invariants import check_all
from vault.log import invariants, reading
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry, LogPosition, LogTile
from vault.tables import AuditEntry, AuditPayload

COUNT = 600
"""More than two tiles of the lowest level."""


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """A log that a dozen checkpoints were signed of."""
    for _ in range(12):
        appended(installation.vault, COUNT // 12, each=25)
        installation.settle()
    assert found(installation) == []
    return installation


def found(made: Installation, *, later: timedelta = timedelta(0)) -> list[Finding]:
    with made.vault.database.reading() as session:
        return list(invariants.check(session, made.vault.ring, datetime.now(UTC) + later))


def about(made: Installation, check: str) -> list[str]:
    """What findings of one check are about; there are no others."""
    findings = found(made)
    assert {finding.check for finding in findings} == {check}
    return [finding.about for finding in findings]


def test_all_is_well(filled: Installation) -> None:
    assert_whole(filled)
    assert check_all(filled.vault, now=datetime.now(UTC)) == []


def as_administrator(session: Session) -> None:
    """Who owns the database can take the trigger away that keeps entries as they are."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        session.execute(text("ALTER TABLE audit_payload DISABLE TRIGGER ALL"))
        return
    for name in ("update", "delete"):
        session.execute(text(f"DROP TRIGGER audit_entry_append_only_{name}"))
    session.execute(text("PRAGMA defer_foreign_keys = ON"))


def remove(session: Session, entry_id: UUID) -> None:
    session.execute(delete(AuditPayload).where(AuditPayload.entry_id == entry_id))
    session.execute(delete(AuditEntry).where(AuditEntry.id == entry_id))


def restored(made: Installation, undo: Callable[[Session], object]) -> None:
    with made.vault.database.transaction() as session:
        undo(session)
    assert found(made) == []


def test_a_changed_entry(filled: Installation) -> None:
    entry_id = numbered(filled.vault)[300]
    with filled.vault.database.transaction() as session:
        as_administrator(session)
        [(_, _, leaf)] = reading.entries(session, 300, 300)
        change = text("UPDATE audit_entry SET leaf = :leaf WHERE id = :id")
        known = {"id": entry_id.hex}
        session.execute(change, {"leaf": leaf.replace(b'"v":1', b'"v":2'), **known})
    assert about(filled, "log-entry-changed") == [str(entry_id)]
    restored(filled, lambda session: session.execute(change, {"leaf": leaf, **known}))


def test_two_entries_exchanged(filled: Installation) -> None:
    """Both are genuine, and both stand in a place that is not theirs."""
    ids = numbered(filled.vault)

    def exchange(session: Session) -> None:
        for index, entry_id in ((10, UUID(int=0)), (400, ids[10]), (10, ids[400])):
            session.execute(update(LogEntry).where(LogEntry.index == index).values(entry_id=entry_id))

    def back(session: Session) -> None:
        for index, entry_id in ((10, UUID(int=0)), (400, ids[400]), (10, ids[10])):
            session.execute(update(LogEntry).where(LogEntry.index == index).values(entry_id=entry_id))

    with filled.vault.database.transaction() as session:
        exchange(session)
    assert set(about(filled, "log-entry-changed")) == {str(ids[10]), str(ids[400])}
    restored(filled, back)


def test_an_entry_that_is_gone(small: Installation) -> None:
    appended(small.vault, 5)
    small.settle()
    entry_id = numbered(small.vault)[-2]
    with small.vault.database.transaction() as session:
        as_administrator(session)
        remove(session, entry_id)
    assert about(small, "log-entry-gone") == [str(entry_id)]


def test_a_number_taken_away(filled: Installation) -> None:
    ids = numbered(filled.vault)
    with filled.vault.database.transaction() as session:
        session.execute(delete(LogEntry).where(LogEntry.index == 77))
    assert {(finding.check, finding.about) for finding in found(filled, later=invariants.GRACE)} == {
        ("log-numbers-broken", str(len(ids))),
        ("entry-not-in-log", str(ids[77])),
    }
    restored(filled, lambda session: session.add(LogEntry(index=77, entry_id=ids[77])))


def test_a_position_that_was_moved(filled: Installation) -> None:
    with filled.vault.database.transaction() as session:
        size = reading.size(session)
        session.execute(update(LogPosition).values(size=size - 1))
    assert "log-numbers-broken" in {finding.check for finding in found(filled)}
    restored(filled, lambda session: session.execute(update(LogPosition).values(size=size)))


@pytest.mark.parametrize(("level", "n"), [(0, 0), (0, 1), (0, 2), (1, 0)])
def test_a_changed_tile(filled: Installation, level: int, n: int) -> None:
    here = LogTile.level == level, LogTile.n == n
    with filled.vault.database.transaction() as session:
        hashes = reading.tile(session, level, n)
        changed = hashes[:-1] + bytes([hashes[-1] ^ 1])
        session.execute(update(LogTile).where(*here).values(hashes=changed))
    checks = {finding.check for finding in found(filled)}
    # A full tile shows in the level above, a partial one in what it was made of and what was signed of it.
    assert {"log-entry-changed", "log-tile-broken"} & checks
    assert checks <= {"log-entry-changed", "log-tile-broken", "checkpoint-broken"}
    restored(filled, lambda session: session.execute(update(LogTile).where(*here).values(hashes=hashes)))


def test_lost_cut_and_invented_tiles(filled: Installation) -> None:
    with filled.vault.database.transaction() as session:
        hashes = reading.tile(session, 0, 1)
        session.execute(delete(LogTile).where(LogTile.level == 0, LogTile.n == 1))
    assert ("log-tile-broken", "tile/0/001") in {(each.check, each.about) for each in found(filled)}
    restored(filled, lambda session: session.add(LogTile(level=0, n=1, hashes=hashes)))
    for level, n in ((0, 9), (1, 1), (5, 0)):
        with filled.vault.database.transaction() as session:
            session.add(LogTile(level=level, n=n, hashes=bytes(32)))
        assert len(about(filled, "log-tile-broken")) == 1
        take_away(filled, level, n)


def take_away(made: Installation, level: int, n: int) -> None:
    gone = delete(LogTile).where(LogTile.level == level, LogTile.n == n)
    restored(made, lambda session: session.execute(gone))


def test_a_checkpoint_of_another_tree(filled: Installation) -> None:
    """Signed by the log's own key, of another root: as who has stolen it would."""
    ring = filled.vault.ring
    with filled.vault.database.transaction() as session:
        old = session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size)).all()[4]
        was = old.root, old.note
        head = Checkpoint(ring.origin, old.size, merkle.leaf_hash(b"another")).text
        old.root = merkle.leaf_hash(b"another")
        old.note = notes.join(head, [ring.sign_checkpoint(head)]).decode()
        size = old.size
    assert about(filled, "checkpoint-broken") == [str(size)]

    def undo(session: Session) -> None:
        root, note = was
        session.execute(update(LogCheckpoint).where(LogCheckpoint.size == size).values(root=root, note=note))

    restored(filled, undo)


def test_a_checkpoint_of_more_than_there_is(filled: Installation) -> None:
    """Last week's backup, put back without the newest checkpoint's removal."""
    with filled.vault.database.transaction() as session:
        newest = reading.checkpoint(session)
        assert newest is not None
        beyond = newest.size + 5
        head = Checkpoint(filled.vault.ring.origin, beyond, bytes(32)).text
        note = notes.join(head, [filled.vault.ring.sign_checkpoint(head)]).decode()
        session.add(LogCheckpoint(size=beyond, root=bytes(32), note=note, signed_at=datetime.now(UTC)))
    assert {finding.check for finding in found(filled)} == {"log-numbers-broken", "checkpoint-broken"}
    restored(
        filled, lambda session: session.execute(delete(LogCheckpoint).where(LogCheckpoint.size == beyond))
    )


def test_a_cosigned_checkpoint_that_is_gone(small: Installation) -> None:
    small.settle()
    appended(small.vault, 3)
    with small.vault.database.transaction() as session:
        first = reading.checkpoint(session)
        assert first is not None
        size = first.size
        session.add(LogCosignature(size=size, witness="or.example", line="x", received_at=datetime.now(UTC)))
    small.settle()
    assert found(small) == []
    with closing(sqlite3.connect(small.home / "vault.db")) as administrator, administrator:
        administrator.execute("DELETE FROM log_checkpoint WHERE size = ?", (size,))
    assert about(small, "cosigned-checkpoint-gone") == [str(size)]


def test_the_running_horizon_is_no_finding(filled: Installation) -> None:
    """What waits for its number is none, however old the transaction that it waits for."""
    vault = filled.vault
    if not vault.database.at_hand:
        with Session(vault.database.engine) as slow:
            append(slow, vault.ring)
            waiting = appended(vault, 1)
            assert found(filled, later=timedelta(hours=1)) == []
            slow.commit()
    else:
        waiting = appended(vault, 1)
    assert found(filled) == []
    late = found(filled, later=timedelta(hours=1))
    assert Finding("entry-not-in-log", str(waiting[0])) in late
    filled.settle()
    assert found(filled, later=timedelta(hours=1)) == []


def test_pruned_entries_are_stood_for_by_their_hashes(small: Installation) -> None:
    appended(small.vault, 600, each=100)
    small.settle()
    ids = numbered(small.vault)
    with small.vault.database.transaction() as session:
        as_administrator(session)
        for entry_id in ids[:256]:
            remove(session, entry_id)
        session.execute(delete(LogEntry).where(LogEntry.index < 256))
    assert "log-numbers-broken" in {finding.check for finding in found(small)}
    with small.vault.database.transaction() as session:
        session.execute(update(LogPosition).values(minimum=256))
    assert found(small) == []
    appended(small.vault, 1)
    small.settle()
    assert found(small) == []
