"""What the docks' door cannot do in PostgreSQL. All it must do, its other tests do with these rights."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.servers.postgres import INGEST_ROLE
from vault import rights
from vault.db import Database
from vault.schema import migrate


@pytest.fixture
def owned(postgres_url: str) -> Iterator[Database]:
    """An empty vault, as its owner."""
    database = Database(postgres_url)
    migrate(database, ingest_role=INGEST_ROLE)
    yield database
    database.close()


@pytest.fixture
def ingest(owned: Database) -> Iterator[Database]:
    """The same, as ingest's user."""
    database = Database(owned.engine.url.set(username=INGEST_ROLE).render_as_string())
    yield database
    database.close()


FORBIDDEN = [
    "TABLE request",
    "TABLE decision",
    "TABLE watch_grant",
    "TABLE depiction",
    "TABLE audit_entry",
    "TABLE audit_payload",
    "UPDATE audit_entry SET id = id",
    "UPDATE receipt_leaf SET id = id",
    "DELETE FROM receipt_leaf",
    "TABLE log_position",
    "UPDATE log_tile SET hashes = ''",
    "DELETE FROM log_entry",
    "INSERT INTO log_checkpoint (size) VALUES (1)",
    "TABLE audit_epoch",
    "TABLE trail_term",
    "UPDATE watch_grant SET id = id",
    "UPDATE person SET id = id",
    "UPDATE dock SET id = id",
    "UPDATE camera SET id = id",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_payload",
    "DELETE FROM recording",
    "DELETE FROM arrival",
    "DELETE FROM dock",
    "TRUNCATE part",
    "TRUNCATE sealed_key",
    "TRUNCATE audit_payload",
    "INSERT INTO watch_grant (id) VALUES (NULL)",
    "INSERT INTO assignment (role) VALUES ('privacy-officer')",
    "INSERT INTO rule_set (digest) VALUES ('x')",
    "INSERT INTO audit_entry (seq) VALUES (-1)",
    "INSERT INTO audit_entry (xid) VALUES ('1')",
    "SELECT setval(pg_get_serial_sequence('audit_entry', 'seq'), 1)",
    "UPDATE recording SET officer_id = NULL",
    "UPDATE recording SET recorded_at = now()",
    "UPDATE recording SET municipality_id = 'elsewhere'",
    "UPDATE arrival SET dock_id = NULL",
    "UPDATE sealed_key SET sealed = ''",
    "UPDATE part SET object_name = 'x'",
    "CREATE TABLE mine (n integer)",
]


def refused(database: Database, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_ingest_cannot(ingest: Database, statement: str) -> None:
    refused(ingest, statement)


def test_what_it_could_before_is_over(owned: Database, ingest: Database) -> None:
    with owned.transaction() as session:
        session.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {INGEST_ROLE}"))
        session.execute(text(f"GRANT SELECT (leaf) ON audit_entry TO {INGEST_ROLE}"))
        session.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {INGEST_ROLE}"))
        session.execute(text(f"GRANT ALL ON SCHEMA public TO {INGEST_ROLE}"))
    with owned.transaction() as session:
        rights.give(session.connection(), INGEST_ROLE)
    for statement in [*FORBIDDEN, "SELECT leaf FROM audit_entry"]:
        refused(ingest, statement)
