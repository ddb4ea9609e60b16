"""The database: durable, locked before it is written to, and never handing out a time without its zone."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from console.demo import town
from tests.installation import Installation
from tests.watching import footage, keep
from vault import db
from vault.db import Busy, Database, DatabaseAway, UtcDateTime
from vault.finding import Finding
from vault.tables import Municipality, Recording

ROWS = Table("t", MetaData(), Column("n", Integer))


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield database
    database.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)],
)
def test_sqlite_is_set_to_be_careful(sqlite: Database, pragma: str, value: object) -> None:
    for way in (sqlite.transaction, sqlite.reading):
        with way() as session:
            assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_sqlite_is_locked_before_it_is_read_for_writing(sqlite: Database) -> None:
    """Two verbs that read, decide and write do so one after the other: neither decides on stale facts."""
    order: list[str] = []
    began = threading.Event()

    def second() -> None:
        began.wait(5)
        with sqlite.transaction() as session:
            seen = session.scalar(text("SELECT count(*) FROM t"))
            order.append(f"second sees {seen}")

    thread = threading.Thread(target=second)
    thread.start()
    with sqlite.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM t")) == 0
        began.set()
        time.sleep(0.3)
        session.execute(text("INSERT INTO t VALUES (1)"))
        order.append("first wrote")
    thread.join()
    assert order == ["first wrote", "second sees 1"]


def test_who_does_not_want_to_wait_is_told(sqlite: Database) -> None:
    def write() -> None:
        with sqlite.statements(wait=False) as within:
            within.execute(insert(ROWS), {"n": 2})

    with sqlite.transaction() as writer:
        writer.execute(text("INSERT INTO t VALUES (1)"))
        began = time.monotonic()
        with pytest.raises(Busy):
            write()
        assert time.monotonic() - began < 1
    write()
    with sqlite.reading() as session:
        assert session.scalar(text("SELECT sum(n) FROM t")) == 3


def test_who_does_not_want_to_wait_is_told_of_any_lock(sqlite: Database, tmp_path: Path) -> None:
    """Also when another program has the file for itself, so that one cannot even connect."""
    sqlite.close()
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    for statement in ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "INSERT INTO t VALUES (1)"):
        other.execute(statement)
    with pytest.raises(Busy), sqlite.statements(wait=False):
        pass
    other.execute("COMMIT")
    other.close()


def test_a_writer_can_look_whatever_the_number_that_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1})
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.transaction() as writer:
        writer.execute(text("CREATE TABLE t (n INTEGER)"))
        with database.reading() as session:
            assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_a_connection_that_broke_between_two_uses_is_replaced(installation: Installation) -> None:
    """As after a restart of the server."""
    database = installation.vault.database
    if database.engine.dialect.name == "sqlite":
        return  # a file has no connection to break
    fresh = Database(database.engine.url.render_as_string(hide_password=False))

    def process() -> object:
        with fresh.statements() as within:
            [row] = within.execute(select(func.pg_backend_pid().label("process")), {})
        return row.process

    first = process()
    assert process() == first
    with database.transaction() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    assert process() != first
    fresh.close()


def test_only_a_file_is_at_hand(installation: Installation) -> None:
    database = installation.vault.database
    assert database.at_hand == (database.engine.dialect.name == "sqlite")
    if not database.at_hand:
        with pytest.raises(Busy), database.statements(wait=False):
            pass


def test_readers_do_not_wait_for_a_writer(sqlite: Database) -> None:
    with sqlite.transaction() as writer:
        writer.execute(text("INSERT INTO t VALUES (1)"))
        with sqlite.reading() as reader:
            assert reader.scalar(text("SELECT count(*) FROM t")) == 0


def test_what_was_deleted_is_overwritten(sqlite: Database, tmp_path: Path) -> None:
    secret = "the wrapped key that must not be found " * 20
    with sqlite.transaction() as session:
        session.execute(text("CREATE TABLE s (v TEXT)"))
        session.execute(text("INSERT INTO s VALUES (:v)"), {"v": secret})
    with sqlite.transaction() as session:
        session.execute(text("DELETE FROM s"))
    sqlite.close()  # the last connection folds the log into the file
    assert b"must not be found" not in (tmp_path / "x.db").read_bytes()


def test_a_transaction_is_all_or_nothing(installation: Installation) -> None:
    database = installation.vault.database

    def fail() -> None:
        with database.transaction() as session:
            session.add(Municipality(id="atlantis", name="Atlantis"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        assert session.get(Municipality, "atlantis") is None
    with database.transaction() as session:
        session.add(Municipality(id="atlantis", name="Atlantis"))
    with database.reading() as session:
        assert session.get(Municipality, "atlantis")


def test_what_is_written_while_reading_is_gone(installation: Installation) -> None:
    with installation.vault.database.reading() as session:
        session.add(Municipality(id="atlantis", name="Atlantis"))
        session.flush()
    with installation.vault.database.reading() as session:
        assert session.get(Municipality, "atlantis") is None


def test_what_belongs_to_nothing_is_refused(installation: Installation) -> None:
    def orphan() -> None:
        with installation.vault.database.transaction() as session:
            session.execute(
                text("INSERT INTO assignment VALUES (:person, 'atlantis', 'officer', '')"),
                {"person": next(iter(installation.town.people.values())).hex},
            )

    with pytest.raises(DBAPIError, match=r"(?i)foreign.key"):
        orphan()


def test_an_error_does_not_repeat_what_was_written(installation: Installation) -> None:
    def twice() -> None:
        with installation.vault.database.transaction() as session:
            session.add(Municipality(id=town.SLUG, name="A name nobody may read in a log"))

    with pytest.raises(DBAPIError) as refused:
        twice()
    assert "nobody may read" not in str(refused.value)


MOMENT = datetime(2026, 10, 25, 2, 30, 15, 123_456, timezone(timedelta(hours=2)))


def test_a_moment_comes_back_in_utc(installation: Installation) -> None:
    stored = UtcDateTime()
    dialect = installation.vault.database.engine.dialect
    there = stored.process_bind_param(MOMENT, dialect)
    back = stored.process_result_value(there, dialect)
    assert back == MOMENT
    assert back.tzinfo is UTC
    assert stored.process_bind_param(None, dialect) is None
    assert stored.process_result_value(None, dialect) is None


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
)
def test_the_first_and_the_last_moment_can_be_read_in_any_zone(
    installation: Installation, moment: datetime
) -> None:
    """A camera's clock can say anything, and whoever searches too."""
    database = installation.vault.database
    if database.engine.dialect.name == "postgresql":
        zone = "Asia/Tokyo" if moment.year > 1 else "America/New_York"
        with database.engine.begin() as connection:
            name = connection.scalar(text("SELECT current_database()"))
            connection.execute(text(f"ALTER DATABASE \"{name}\" SET timezone TO '{zone}'"))
        database.engine.dispose()
    recording = keep(installation, footage(1000))
    installation.by_hand.add(recording)
    with database.transaction() as session:
        row = session.get_one(Recording, recording)
        was, row.recorded_at = row.recorded_at, moment
    with database.reading() as session:
        assert session.get_one(Recording, recording).recorded_at == moment
    # Its term runs from there, and ends nowhere: told, and no stumbling block.
    [found] = installation.amiss()
    assert found == Finding("term-not-kept", str(recording))
    with database.transaction() as session:
        session.get_one(Recording, recording).recorded_at = was


def test_a_moment_without_a_zone_is_refused(installation: Installation) -> None:
    with installation.vault.database.reading() as session, pytest.raises(StatementError, match="time zone"):
        session.execute(select(Recording.id).where(Recording.recorded_at > MOMENT.replace(tzinfo=None)))


def test_it_compares_moments_not_clocks(installation: Installation) -> None:
    recording = keep(installation, footage(1000), started_at=MOMENT)
    with installation.vault.database.reading() as session:
        for other, later in ((MOMENT - timedelta(seconds=1), True), (MOMENT + timedelta(seconds=1), False)):
            # The same moment told in another zone, whose clock reads otherwise.
            told = other.astimezone(timezone(timedelta(hours=-11)))
            found = session.scalars(select(Recording.id).where(Recording.recorded_at > told)).all()
            assert (recording in found) == later


def test_a_broken_connection_is_told_apart(installation: Installation) -> None:
    if installation.vault.database.engine.dialect.name == "sqlite":
        return  # a file has no connection to break

    database = installation.vault.database

    def end(process: object) -> None:
        with database.transaction() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": process})

    def cut() -> None:
        with database.transaction() as session:
            end(session.scalar(text("SELECT pg_backend_pid()")))
            session.execute(text("SELECT 1"))

    def cut_statements() -> None:
        with database.statements() as within:
            [row] = within.execute(select(func.pg_backend_pid().label("process")), {})
            end(row.process)
            within.execute(select(func.pg_backend_pid()), {})

    for breaking in (cut, cut_statements):
        with pytest.raises(DatabaseAway):
            breaking()
        database.check()


def test_a_check_tells_that_it_is_away(tmp_path: Path) -> None:
    with pytest.raises(OperationalError):
        Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}").check()
    with pytest.raises(OperationalError):
        Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere").check()


def test_another_program_can_read_the_file_meanwhile(sqlite: Database, tmp_path: Path) -> None:
    """A backup reads the file while the vault runs."""
    with sqlite.transaction() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
        other = sqlite3.connect(tmp_path / "x.db")
        assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
        other.close()
