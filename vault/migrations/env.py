"""Alembic's way in: runs the migrations on the connection that vault/schema.py hands over."""

from alembic import context

from vault import tables as _tables  # noqa: F401  # Base knows the tables once they are imported
from vault.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
