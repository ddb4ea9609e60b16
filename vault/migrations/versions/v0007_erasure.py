"""The trail's term: which epochs there were, and entries that may go once they are pruned, and only then."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_PRUNED = (
    "EXISTS (SELECT 1 FROM log_entry JOIN log_position ON log_position.one = 1 "
    'WHERE log_entry.entry_id = OLD.id AND log_entry."index" < log_position.minimum)'
)
_ONLY_PRUNED = "audit entries are append-only, but for those that are pruned"
_BACK = "NEW.minimum < OLD.minimum OR NEW.minimum > NEW.size OR NEW.minimum % 256 <> 0"
_ONLY_UP = "the minimum index only rises, by whole bundles, within the log"


def upgrade() -> None:
    op.create_table(
        "audit_epoch",
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("payload_key", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("epoch", "payload_key", name=op.f("pk_audit_epoch")),
    )
    _what_receipts_name()
    if op.get_bind().dialect.name == "postgresql":
        # Terms are written in the order of the log: this finds those of a stretch of it, and costs little.
        op.create_index("ix_trail_term_index", "trail_term", ["index"], postgresql_using="brin")
        _only_pruned_on_postgresql()
    else:
        _only_pruned_on_sqlite()


def _what_receipts_name() -> None:
    """The entries that ingest itself wrote at a commit point: all that it may read of the trail."""
    op.execute(
        "CREATE VIEW receipt_leaf AS SELECT id, leaf FROM audit_entry "
        "WHERE event IN ('recording.kept', 'recording.quarantined')"
    )
    if op.get_bind().dialect.name == "postgresql":
        # No function of whoever asks may see a row before the view has chosen it.
        op.execute("ALTER VIEW receipt_leaf SET (security_barrier)")


def _only_pruned_on_postgresql() -> None:
    op.execute("DROP TRIGGER audit_entry_append_only ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()"
    )
    op.execute(
        "CREATE FUNCTION audit_entry_refuse_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT {_PRUNED} THEN RAISE EXCEPTION '{_ONLY_PRUNED}'; END IF; RETURN OLD; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_only_pruned BEFORE DELETE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse_kept()"
    )
    op.execute(
        "CREATE FUNCTION log_minimum_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {_BACK} THEN RAISE EXCEPTION '{_ONLY_UP}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_minimum_only_up BEFORE UPDATE ON log_position "
        "FOR EACH ROW EXECUTE FUNCTION log_minimum_refuse()"
    )


def _only_pruned_on_sqlite() -> None:
    op.execute("DROP TRIGGER audit_entry_append_only_delete")
    op.execute(
        f"CREATE TRIGGER audit_entry_append_only_delete BEFORE DELETE ON audit_entry WHEN NOT {_PRUNED} "
        f"BEGIN SELECT RAISE(ABORT, '{_ONLY_PRUNED}'); END"
    )
    op.execute(
        f"CREATE TRIGGER log_minimum_only_up BEFORE UPDATE ON log_position WHEN {_BACK} "
        f"BEGIN SELECT RAISE(ABORT, '{_ONLY_UP}'); END"
    )
