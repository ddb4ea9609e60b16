"""The database's schema: brought to its newest version by Alembic, and checked before a process starts."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from vault import rights
from vault.db import Database


class SchemaOutdated(Exception):
    """The database's schema is not this version's; run ``bodycam-vault migrate`` first."""


def migrate(database: Database, *, ingest_role: str | None = None) -> None:
    """Bring the schema to its newest version; does nothing when it is.

    `ingest_role`, a user of PostgreSQL, is given what ingest needs and nothing else (`vault.rights`).
    """
    config = _config()
    with database.transaction() as session:
        connection = session.connection()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if ingest_role:
            rights.give(connection, ingest_role)


def require_newest(database: Database) -> None:
    """Raises SchemaOutdated unless the schema is exactly what this version was written for."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with database.engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != newest:
            raise SchemaOutdated


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("vault") / "migrations"))
    return config
