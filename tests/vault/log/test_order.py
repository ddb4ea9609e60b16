"""The order of the log on PostgreSQL, where neither numbers nor transactions come in the order of commits.

Each of these lost entries in a prototype: sorted by `seq`, sorted by a transaction number as text, and after
a dump was restored where transaction numbers begin anew.
"""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.installation import Installation, build
from tests.servers import program
from tests.servers.postgres import INGEST_ROLE, Postgres
from tests.vault.log.conftest import (
    append,
    appended,
    assert_whole,
    burn,
    next_transaction,
    numbered,
    plain,
)
from vault.db import Database
from vault.log import order, reading
from vault.log.sequencer import lag, sequence
from vault.tables import AuditEntry

WRITERS = 8


@pytest.fixture
def made(cluster: Postgres, tmp_path: Path) -> Iterator[Installation]:
    """An installation on PostgreSQL and a directory."""
    objects = {"objects_url": (tmp_path / "objects").as_uri()}
    installation = build(tmp_path, cluster.fresh(), objects, ingest_role=INGEST_ROLE)
    yield installation
    installation.vault.database.close()
    installation.intake.database.close()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_lower_number_that_is_committed_later_is_not_skipped(made: Installation) -> None:
    """Who sorts by `seq` passes it: it is there first, and is seen last."""
    made.settle()
    vault = made.vault
    with Session(vault.database.engine) as slow:
        [early] = append(slow, vault.ring)
        [late] = appended(vault, 1)
        assert sequence(vault, now=now()) == 0
        with vault.database.reading() as session:
            assert order.waiting_since(session) is not None
            assert lag(session, now=now()) >= 0
        slow.commit()
    assert sequence(vault, now=now()) == 2
    assert numbered(vault)[-2:] == [early, late]
    assert_whole(made)


def test_only_writers_are_waited_for(made: Installation) -> None:
    made.settle()
    with Session(made.vault.database.engine) as idle:
        idle.execute(text("SELECT 1"))
        appended(made.vault, 1)
        assert sequence(made.vault, now=now()) == 1


@pytest.mark.parametrize("boundary", [10_000, 100_000])
def test_over_a_boundary_of_digits(made: Installation, boundary: int) -> None:
    """As text 100000 comes before 99999: who sorts so loses what is written around it."""
    burn(url_of(made), until=boundary - 40)
    made.settle()
    appended(made.vault, 120)
    with made.vault.database.reading() as session:
        numbers = [int(xid or 0) for xid in session.scalars(select(AuditEntry.xid).order_by(AuditEntry.seq))]
    assert min(numbers) < boundary < max(numbers), "the boundary lies within"
    for _ in range(9):
        assert sequence(made.vault, now=now(), most=13) == 13
    made.settle()
    assert_whole(made)


def test_eight_writers_and_none_is_lost(made: Installation) -> None:
    """Thousands of entries, in transactions of any length, while the sequencer runs all along."""
    vault, each = made.vault, 400
    done = Barrier(WRITERS + 1)
    running = True

    def write(writer: int) -> None:
        for turn in range(each):
            with vault.database.transaction() as session:
                append(session, vault.ring, 1 + (writer + turn) % 3)
        done.wait()

    def work() -> None:
        while running:
            sequence(vault, now=now(), most=97)

    sequencers = [Thread(target=work) for _ in range(2)]
    writers = [Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in (*sequencers, *writers):
        thread.start()
    done.wait(timeout=120)
    running = False
    for thread in (*sequencers, *writers):
        thread.join()
    made.settle()
    assert len(numbered(vault)) > WRITERS * each
    assert_whole(made)
    with vault.database.reading() as session:
        found = session.execute(select(AuditEntry.id, AuditEntry.seq).order_by(AuditEntry.seq)).all()
    by_seq = [entry_id for entry_id, _ in found]
    assert by_seq != numbered(vault), "had the two orders been one, this would have shown nothing"


@pytest.fixture
def elsewhere(postgres: Postgres, made: Installation, tmp_path: Path) -> Installation:
    """`made`, some of it numbered and some not, dumped and restored where transaction numbers are lower."""
    url = postgres.fresh()
    burn(url_of(made), until=max(next_transaction(url), next_transaction(url_of(made))) + 20_000)
    made.settle()
    appended(made.vault, 30)
    made.settle()
    appended(made.vault, 7)
    made.vault.database.close()
    restore(made, url, tmp_path)
    return made


def url_of(made: Installation) -> str:
    return made.settings.database_url.get_secret_value()


def restore(made: Installation, url: str, home: Path) -> None:
    """Dump the database of `made`, and let it go on with the copy at `url`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    dump = home / "dump.sql"
    dumped = [program("pg_dump", "postgresql", folders), "--no-privileges", "-f", str(dump)]
    subprocess.run([*dumped, plain(url_of(made))], check=True)
    load = [program("psql", "postgresql", folders), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump)]
    subprocess.run([*load, plain(url)], check=True, stdout=subprocess.DEVNULL)
    object.__setattr__(made.vault, "database", Database(url))


def test_a_restored_dump_goes_on(elsewhere: Installation) -> None:
    vault = elsewhere.vault
    before = numbered(vault)
    with vault.database.reading() as session:
        assert order.restored(session, order.position(session)) is not None
    appended(vault, 3)
    with structlog.testing.capture_logs() as said:
        while sequence(vault, now=now(), most=4):
            pass
    assert {line["event"] for line in said if line["log_level"] == "error"} == {"log.restored"}
    with vault.database.reading() as session:
        assert order.restored(session, order.position(session)) is None
    appended(vault, 25)
    elsewhere.settle()
    assert numbered(vault)[: len(before)] == before
    assert_whole(elsewhere)


def test_numbers_of_before_that_come_round_again(elsewhere: Installation) -> None:
    """Transactions here reach the numbers that restored entries bear: those have their place already."""
    vault = elsewhere.vault
    elsewhere.settle()
    with vault.database.reading() as session:
        size = reading.size(session)
        last = max(int(xid or 0) for xid in session.scalars(select(AuditEntry.xid)))
    burn(vault.database.engine.url.render_as_string(), until=last + 1)
    appended(vault, 5)
    assert sequence(vault, now=now()) == 5
    assert sequence(vault, now=now()) == 0
    with vault.database.reading() as session:
        assert reading.size(session) == size + 5
    assert_whole(elsewhere)
