"""The sequencer: every entry once, in batches that stand or fall whole, and never two logs signed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from auditor import merkle, tiles
from auditor.checkpoints import Checkpoint
from auditor.notes import join
from tests.installation import Installation
from tests.vault.log.conftest import appended, assert_whole, numbered
from vault.base import table_of
from vault.keys import KeyRing, create_rings, rotate_log
from vault.log import reading, sequencer
from vault.log.sequencer import LogBroken, lag, sequence
from vault.log.tables import LogCheckpoint, LogEntry, LogPosition, LogTile

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def test_nothing_to_do_signs_nothing(installation: Installation) -> None:
    installation.settle()
    with installation.vault.database.reading() as session:
        before = session.scalar(select(func.count(LogCheckpoint.size)))
    assert sequence(installation.vault, now=NOW) == 0
    with installation.vault.database.reading() as session:
        assert session.scalar(select(func.count(LogCheckpoint.size))) == before


def test_resumes_from_partial_tiles(installation: Installation) -> None:
    """Batches end anywhere in a tile; each checkpoint is of the tree there was, and they are consistent."""
    vault = installation.vault
    appended(vault, 620, each=155)
    for most in (1, 5, 250, 1, 3, 200, 52, 1):
        assert sequence(vault, now=NOW, most=most) == most
    installation.settle()
    assert_whole(installation)
    with vault.database.reading() as session:
        size = reading.size(session)
        hashes = [merkle.leaf_hash(leaf) for _, _, leaf in reading.entries(session, 0, size)]
        known = merkle.grown(lambda _level, _index: b"", 0, hashes)
        stored = session.execute(select(LogTile.level, LogTile.n, LogTile.hashes))
        assert {
            tiles.tile_path(level, n, tiles.width_of(level, n, size)): joined for level, n, joined in stored
        } == tiles.tiles_of(0, size, known)
        for signed in session.scalars(select(LogCheckpoint)):
            assert signed.root == merkle.root(known, signed.size)


def test_lag_is_the_age_of_the_oldest_without_a_number(installation: Installation) -> None:
    installation.settle()
    vault = installation.vault
    with vault.database.reading() as session:
        assert lag(session, now=datetime.now(UTC)) == 0
    appended(vault, 2)
    with vault.database.reading() as session:
        later = datetime.now(UTC) + timedelta(minutes=2)
        assert lag(session, now=later) > 119
    installation.settle()
    with vault.database.reading() as session:
        assert lag(session, now=later) == 0


def test_sequencers_at_once_do_each_entry_once(installation: Installation) -> None:
    vault = installation.vault
    done: list[int] = []

    def work() -> None:
        done.extend(sequence(vault, now=NOW, most=7) for _ in range(25))

    workers = [Thread(target=work) for _ in range(3)]
    writer = Thread(target=appended, args=(vault, 200))
    for thread in (writer, *workers):
        thread.start()
    for thread in (writer, *workers):
        thread.join()
    with vault.database.reading() as session:
        assert reading.size(session) == sum(done)
    installation.settle()
    assert_whole(installation)


@pytest.mark.parametrize("step", ["_check_signed", "_number", "_sign", "_store", "_move"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_at_any_step_leaves_all_or_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    class Dead(BaseException):
        """The process is no more."""

    installation.settle()
    vault = installation.vault
    appended(vault, 300, each=100)
    before = world(installation)
    real: Callable[..., object] = getattr(sequencer, step)

    def dying(*given: object, **named: object) -> object:
        if when == "after":
            real(*given, **named)
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(sequencer, step, dying)
        with pytest.raises(Dead):
            sequence(vault, now=NOW)
    assert world(installation) == before
    installation.settle()
    assert_whole(installation)


def world(made: Installation) -> dict[Table, list[dict[str, object]]]:
    """Every row of the log."""
    with made.vault.database.reading() as session:
        return {
            table: [dict(row._mapping) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in map(table_of, (LogEntry, LogTile, LogCheckpoint, LogPosition))
        }


def smaller(session: Session, ring: KeyRing) -> None:
    """A checkpoint of fewer entries, signed with the real key: as by who has stolen it."""
    session.execute(delete(LogCheckpoint))
    root = merkle.root(reading.tree(session), 3)
    head = Checkpoint(ring.origin, 3, root).text
    note = join(head, [ring.sign_checkpoint(head)]).decode()
    session.add(LogCheckpoint(size=3, root=root, note=note, signed_at=NOW))


def other_key(session: Session, ring: KeyRing, made: Installation) -> None:
    """The newest checkpoint as another key would sign it."""
    create_rings(made.home / "other-v", made.home / "other-i", ["noordwijk"], origin=ring.origin)
    stranger = KeyRing.load(made.home / "other-v")
    signed = reading.checkpoint(session)
    assert signed is not None
    head = Checkpoint(ring.origin, signed.size, signed.root).text
    signed.note = join(head, [stranger.sign_checkpoint(head)]).decode()


def flipped(session: Session) -> None:
    hashes = reading.tile(session, 0, 0)
    session.execute(
        update(LogTile).where(LogTile.level == 0).values(hashes=bytes([hashes[0] ^ 1]) + hashes[1:])
    )


TAMPERED: dict[str, Callable[[Session, Installation], object]] = {
    "tile flipped": lambda session, _: flipped(session),
    "tile gone": lambda session, _: session.execute(delete(LogTile)),
    "tile cut": lambda session, _: session.execute(
        update(LogTile).values(hashes=reading.tile(session, 0, 0)[:-32])
    ),
    "root": lambda session, _: session.execute(update(LogCheckpoint).values(root=bytes(32))),
    "note": lambda session, _: session.execute(
        update(LogCheckpoint).values(note=func.replace(LogCheckpoint.note, "\n", "\n\n"))
    ),
    "signed by another": lambda session, made: other_key(session, made.vault.ring, made),
    "smaller tree signed": lambda session, made: smaller(session, made.vault.ring),
    "no checkpoint": lambda session, _: session.execute(delete(LogCheckpoint)),
    "no position": lambda session, _: session.execute(delete(LogPosition)),
    "position back": lambda session, _: session.execute(update(LogPosition).values(size=5)),
    "last number gone": lambda session, _: session.execute(
        delete(LogEntry).where(LogEntry.index == reading.size(session) - 1)
    ),
    "number too many": lambda session, _: session.add(
        LogEntry(index=reading.size(session), entry_id=UUID(int=1))
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_refuses_a_log_that_is_not_what_it_signed(installation: Installation, how: str) -> None:
    installation.settle()
    vault = installation.vault
    before = world(installation)
    with vault.database.transaction() as session:
        TAMPERED[how](session, installation)
    broken = world(installation)
    assert broken != before
    appended(vault, 3)
    for _ in range(2):
        with pytest.raises(LogBroken):
            sequence(vault, now=NOW)
    assert world(installation) == broken
    with vault.database.transaction() as session:
        for table, rows in before.items():
            session.execute(delete(table))
            session.execute(insert(table), rows)
    installation.settle()
    assert_whole(installation)


def test_refuses_when_an_entry_has_a_number_already(installation: Installation) -> None:
    """Its number stands in the place of an old entry, which would so be out of the log."""
    installation.settle()
    vault = installation.vault
    [entry_id] = appended(vault, 1)
    ids = numbered(vault)
    with vault.database.transaction() as session:
        session.execute(update(LogEntry).where(LogEntry.index == 4).values(entry_id=entry_id))
    with pytest.raises(LogBroken, match="a number already"):
        sequence(vault, now=NOW)
    with vault.database.transaction() as session:
        session.execute(update(LogEntry).where(LogEntry.index == 4).values(entry_id=ids[4]))
    installation.settle()
    assert_whole(installation)


def test_a_rotated_key_goes_on_with_the_log(installation: Installation) -> None:
    installation.settle()
    rotate_log(installation.home / "keys-vault")
    ring = KeyRing.load(installation.settings.keys)
    object.__setattr__(installation.vault, "ring", ring)
    appended(installation.vault, 1)
    installation.settle()
    assert_whole(installation)
