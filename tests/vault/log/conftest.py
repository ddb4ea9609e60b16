"""Entries to be numbered, and a PostgreSQL of which the transaction numbers begin low."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from auditor import merkle
from auditor.checkpoints import open_checkpoint
from tests.installation import Installation
from tests.servers.postgres import Postgres, postgres
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.ids import EntryId
from vault.keys import KeyRing
from vault.log import reading
from vault.log.tables import LogEntry
from vault.tables import AuditEntry
from vault.vault import Vault

ACTOR = Actor("operator", "test", "test")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL that nobody else uses: its transaction numbers are those of these tests alone."""
    with postgres() as server:
        yield server


def append(session: Session, ring: KeyRing, count: int = 1) -> list[EntryId]:
    """Entries in the transaction of `session`."""
    entry = Entry(event=Event.TRAIL_READ, at=datetime.now(UTC), actor=ACTOR)
    return [audit.append(session, ring, entry) for _ in range(count)]


def appended(vault: Vault, count: int, *, each: int = 1) -> list[EntryId]:
    """`count` entries, so many `each` transaction."""
    made: list[EntryId] = []
    while len(made) < count:
        with vault.database.transaction() as session:
            made += append(session, vault.ring, min(each, count - len(made)))
    return made


def burn(url: str, *, until: int) -> None:
    """Let transactions pass by until the next one has number `until`."""
    count = until - next_transaction(url)
    assert count >= 0
    with psycopg.connect(plain(url), autocommit=True) as to:
        to.execute(
            f"DO $$ BEGIN FOR i IN 1..{count} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )


def next_transaction(url: str) -> int:
    """The number that the next transaction of a PostgreSQL gets."""
    with psycopg.connect(plain(url)) as to:
        row = to.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])


def plain(url: str) -> str:
    """A URL as PostgreSQL's own programs take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def numbered(vault: Vault) -> list[UUID]:
    """Every entry that has a number, in the order of their numbers, which leave no gap."""
    with vault.database.reading() as session:
        rows = session.execute(select(LogEntry.index, LogEntry.entry_id).order_by(LogEntry.index)).all()
    assert [index for index, _ in rows] == list(range(len(rows)))
    return [entry_id for _, entry_id in rows]


def assert_whole(made: Installation) -> None:
    """Each entry has one number, and the newest checkpoint is signed over exactly their leaves."""
    vault = made.vault
    ids = numbered(vault)
    with vault.database.reading() as session:
        assert sorted(ids) == sorted(session.scalars(select(AuditEntry.id)))
        signed = reading.checkpoint(session)
        assert signed is not None
        leaves = [leaf for _, _, leaf in reading.entries(session, 0, len(ids))]
    head = open_checkpoint(signed.note.encode(), vault.ring.log_keys[0]).checkpoint
    assert (head.size, head.root) == (signed.size, signed.root) == (len(ids), root_over(leaves))


def root_over(leaves: list[bytes]) -> bytes:
    """The root that RFC 6962 defines, without tiles."""
    return merkle.root_of([merkle.leaf_hash(leaf) for leaf in leaves])
