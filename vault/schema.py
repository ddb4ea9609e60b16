"""The database's schema: brought to its newest version by Alembic, and checked before a process starts."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from vault.db import Database


class SchemaOutdated(Exception):
    """The database's schema is not this version's; run ``bodycam-vault migrate`` first."""


def migrate(database: Database) -> None:
    """Bring the schema to its newest version. Does nothing when it is."""
    config = _config()
    with database.transaction() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


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
