"""The database: how a session begins and ends. The only file that commits.

Law 1, "write, then show": a verb opens `transaction()`, does all of its writing in it, and whatever it
returns exists only after the commit. Routes never hold a session.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

_READING = "bodycam_reading"


class DatabaseAway(Exception):
    """The database does not answer; nothing was changed. Try again later."""


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
        self._readers = self.engine.execution_options(**{_READING: True})

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """All or nothing: commits when the block ends, rolls back when it raises.

        On SQLite the write lock is taken at once, so that what was read in the block is still true when
        it writes. On PostgreSQL a verb locks the rows its decision rests on.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise DatabaseAway from error
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent look without the right to write: ends without a commit."""
        with Session(self._readers, expire_on_commit=False) as session:
            yield session

    def check(self) -> None:
        """Ask the database for an answer. Raises SQLAlchemy's error when there is none."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        connect_args={"connect_timeout": 10},
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=16,
        max_overflow=16,
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # FULL: an acknowledged commit survives power loss, also in WAL mode.
    # secure_delete: a deleted wrapped key is overwritten in the file, not just unlinked from it.
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
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
