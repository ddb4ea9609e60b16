"""The database: how a session begins and ends. The only file that commits.

Law 1, "write, then show": a verb opens `transaction()`, does all of its writing in it, and whatever it
returns exists only after the commit. Routes never hold a session.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from vault.statements import Statements, Written

_READING = "bodycam_reading"
_BEGIN_WRITING = "BEGIN IMMEDIATE"
BUSY_SECONDS = 10
"""How long to wait for SQLite's one writer, or for a free connection, before the database counts as away."""
_POOL: dict[str, Any] = {"pool_size": 48, "max_overflow": 16, "pool_timeout": BUSY_SECONDS}
# As many as one process has threads that may ask at once.


class DatabaseAway(Exception):
    """The database does not answer; nothing was changed. Try again later."""


class Busy(Exception):
    """Somebody else is writing, and who asked did not want to wait; nothing was changed."""


class Undone(Exception):
    """A statement failed, and whoever ran it went on all the same; nothing was changed."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored as UTC with its zone; refuses a time without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        # SQLite has no zone: it keeps the UTC wall clock, and we are its only reader.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Database:
    """One database, SQLite or PostgreSQL, behind the same two ways in: `transaction` and `reading`."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        looks: dict[str, Any] = {_READING: True}
        readers = self.engine
        if self.engine.dialect.name == "postgresql":
            # Its default shows each statement another moment, so that two of them may not fit together.
            looks["isolation_level"] = "REPEATABLE READ"
        else:
            # Who writes may look something up, while others wait for that writer with all its connections.
            readers = _engine(url)
        self._write = cache(partial(Written, self.engine.dialect))
        self._at_hand = _engine(url, busy_seconds=0) if self.engine.dialect.name == "sqlite" else None
        self._readers = readers.execution_options(**looks)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """All or nothing: commits when the block ends, rolls back when it raises.

        On SQLite the write lock is taken at once, so that what was read in the block is still true when
        it writes. On PostgreSQL a verb locks the rows its decision rests on.
        """
        with Session(self.engine, expire_on_commit=False) as session, _away_told():
            yield session
            session.commit()

    @property
    def at_hand(self) -> bool:
        """Whether it is a file on this machine, which answers sooner than another thread would."""
        return self._at_hand is not None

    @contextmanager
    def statements(self, *, wait: bool = True) -> Iterator[Statements]:
        """As `transaction`, for statements alone, at a third of its price: nothing is kept track of.

        For what is asked with every range that somebody watches. Without `wait` raises Busy when another
        writes, or when the database is not `at_hand`: for who must not be held up, such as an event loop.
        """
        engine = self.engine if wait else self._at_hand
        if engine is None:
            raise Busy
        told = _away_told() if wait else _busy_told()
        with told, _connected(engine) as connection:
            cursor = connection.cursor()
            if self.engine.dialect.name == "sqlite":
                cursor.execute(_BEGIN_WRITING)
            within = Statements(cursor, self._write)
            yield within
            if within.failed:
                # PostgreSQL would answer a commit by undoing all of it, without a word.
                raise Undone
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent look without the right to write: ends without a commit."""
        with Session(self._readers, expire_on_commit=False) as session, _away_told():
            yield session

    def check(self) -> None:
        """Ask the database for an answer. Raises SQLAlchemy's error when there is none."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give back every connection."""
        for engine in filter(None, (self.engine, self._readers, self._at_hand)):
            engine.dispose()


@contextmanager
def _away_told() -> Iterator[None]:
    """Say in one word that the database does not answer, or is so busy that no connection came free."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseAway from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway from error
        raise


@contextmanager
def _busy_told() -> Iterator[None]:
    """Say in one word that another holds the file: to write, or for itself alone, such as to tidy it up."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise Busy from error
        raise


@contextmanager
def _connected(engine: Engine) -> Iterator[PoolProxiedConnection]:
    """A connection without SQLAlchemy around it, but with its errors; a broken one is not used again."""
    driver: Any = engine.dialect.loaded_dbapi
    connection: PoolProxiedConnection | None = None
    try:
        connection = engine.raw_connection()
        yield connection
    except driver.Error as error:
        broken = engine.dialect.is_disconnect(error, connection, None)
        if broken and connection is not None:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, driver.Error, connection_invalidated=broken, dialect=engine.dialect
        ) from error
    finally:
        if connection is not None:
            connection.close()


def _engine(url: str, busy_seconds: int = BUSY_SECONDS) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": busy_seconds}, hide_parameters=True, **_POOL)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        connect_args={"connect_timeout": 10},
        pool_pre_ping=True,
        hide_parameters=True,
        **_POOL,
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # By the clock of the server's zone the end of the last year, or the start of the first, lies in no year
    # that Python has: one such moment in a row, and no page with that row could be read.
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # FULL: an acknowledged commit survives power loss, also in WAL mode.
    # secure_delete: a deleted wrapped key is overwritten in the file, and in the WAL at its next checkpoint.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else _BEGIN_WRITING)
