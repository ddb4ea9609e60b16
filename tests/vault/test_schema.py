"""Migrations: from nothing to exactly the tables, on both databases; an older schema is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from tests.installation import Installation
from tests.vault.log.conftest import appended, numbered
from tests.watching import entries
from vault.base import Base
from vault.db import Database
from vault.log import invariants as log_invariants
from vault.log.sequencer import sequence
from vault.schema import SchemaOutdated, _config, migrate, require_newest
from vault.tables import AuditEntry


@pytest.fixture(params=["embedded", "at-scale"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    if request.param == "embedded":
        made = Database(f"sqlite:///{tmp_path / 'x.db'}")
    else:
        made = Database(request.getfixturevalue("postgres_url"))
    yield made
    made.close()


def test_an_empty_database_is_refused(empty: Database) -> None:
    with pytest.raises(SchemaOutdated):
        require_newest(empty)


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_head_is_exactly_the_tables(empty: Database) -> None:
    migrate(empty)
    require_newest(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, Base.metadata)
        tables = set(inspect(connection).get_table_names())
    # What PostgreSQL has and SQLite has no use for: by these it finds the log's order, and terms by entry.
    own = {"ix_audit_entry_xid_seq", "ix_trail_term_index"}
    assert [change for change in found if change[1].name not in own] == []
    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    migrate(empty)
    migrate(empty)
    require_newest(empty)


def test_another_version_is_refused(empty: Database) -> None:
    migrate(empty)
    with empty.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaOutdated):
        require_newest(empty)


def test_a_migration_that_fails_leaves_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def fail(*args: Any) -> None:
        upgrade(*args)
        raise ZeroDivisionError

    monkeypatch.setattr(command, "upgrade", fail)
    with pytest.raises(ZeroDivisionError):
        migrate(empty)
    with empty.engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_entries_of_before_there_was_a_log_get_their_numbers(small: Installation, empty: Database) -> None:
    """And keep their place: the newer schema's triggers hold for them too."""
    with empty.transaction() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "0003")
    vault = replace(small.vault, database=empty)
    before = appended(vault, 5)
    migrate(empty)
    after = appended(vault, 3)
    assert sequence(vault, now=datetime.now(UTC)) == 8
    assert numbered(vault) == before + after
    with empty.reading() as session:
        assert list(log_invariants.check(session, vault.ring, datetime.now(UTC) + timedelta(hours=1))) == []
    for statement in (
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET event = 'x'",
        "UPDATE log_position SET minimum = 1",
    ):
        with pytest.raises(DBAPIError, match=r"append-only|only rises"), empty.transaction() as session:
            session.execute(text(statement))


def test_entries_know_their_transaction_where_many_write(installation: Installation) -> None:
    rows = entries(installation)
    assert [row.seq for row in rows] == sorted(row.seq for row in rows)
    if installation.vault.database.engine.dialect.name == "sqlite":
        assert {row.xid for row in rows} == {None}
        return
    assert all(row.xid for row in rows)
    with installation.vault.database.transaction() as session:
        now = session.scalar(text("SELECT pg_current_xact_id()::text::bigint"))
        newest = session.scalar(select(AuditEntry.xid).order_by(AuditEntry.seq.desc()).limit(1))
        assert now
        assert newest
        assert int(newest) < now
