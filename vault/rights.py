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
    "recording": "SELECT, INSERT, UPDATE (state, reason, sha256, media, dispose_after, kept_at)",
    "arrival": "SELECT, INSERT, UPDATE (expires_at, key_id, sealed, examined_until, receipt, kept_as)",
    "part": "SELECT, INSERT, DELETE",
    "sealed_key": "SELECT, INSERT, DELETE",
    "intake_key": "SELECT",
    "audit_entry": "INSERT (id, at, event, municipality_id, actor, object, leaf)",
    "audit_payload": "INSERT",
    "receipt_leaf": "SELECT",
    "log_entry": "SELECT",
    "log_tile": "SELECT",
    "log_checkpoint": "SELECT",
    "log_cosignature": "SELECT",
}
"""By table. Nothing of requests, decisions and grants, and the trail is appended to and not read: but for
`receipt_leaf`, the entries of a commit point, which ingest wrote itself and docks may have with their proof.
Numbers and hashes of the log tell of nobody.

Whose recording it is and when it was made stays as it was announced; where an entry stands in the trail is
for the database to say.
"""


def give(connection: Connection, role: str) -> None:
    """Give `role` exactly these rights, whatever it had. Raises SQLAlchemy's error without such a role."""
    quote = connection.dialect.identifier_preparer.quote
    name, schema = quote(role), quote(str(connection.scalar(text("SELECT current_schema()"))))
    connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}"))
    connection.execute(text(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {name}"))
    connection.execute(text(f"REVOKE ALL ON SCHEMA {schema} FROM {name}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    for table, rights in INGEST.items():
        connection.execute(text(f"GRANT {rights} ON {table} TO {name}"))
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence('audit_entry', 'seq')"))
    connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {name}"))
