"""What the docks' door may do in PostgreSQL, where it has a user of its own there.

Ingest is the process that strangers' bytes reach first. As the vault's own user, whoever takes it over could
write grants and read who asked for what; with these rights it can do what taking footage in needs, no more.
SQLite has no users.
"""

from sqlalchemy import Connection, text

INGEST = {
    "alembic_version": "SELECT",
    "municipality": "SELECT",
    "person": "SELECT",
    "assignment": "SELECT",
    "camera": "SELECT",
    "dock": "SELECT",
    "rule_set": "SELECT",
    "rule_set_change": "SELECT",
    "recording": "SELECT, INSERT, UPDATE",
    "arrival": "SELECT, INSERT, UPDATE",
    "part": "SELECT, INSERT, DELETE",
    "sealed_key": "SELECT, INSERT, DELETE",
    "audit_entry": "INSERT",
    "audit_payload": "INSERT",
}
"""By table. Nothing of requests, decisions and grants, and the trail is appended to and not read."""


def give(connection: Connection, role: str) -> None:
    """Give `role` exactly these rights, whatever it had. Raises SQLAlchemy's error without such a role."""
    quote = connection.dialect.identifier_preparer.quote
    name, schema = quote(role), quote(str(connection.scalar(text("SELECT current_schema()"))))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}"))
    connection.execute(text(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {name}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    for table, rights in INGEST.items():
        connection.execute(text(f"GRANT {rights} ON {table} TO {name}"))
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence('audit_entry', 'seq')"))
    connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {name}"))
