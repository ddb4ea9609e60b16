"""Holds, disposal, early erasure, keys that expire; what is due is found without what is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_KEPT = "state IN ('kept', 'quarantined')"


def upgrade() -> None:
    _recording()
    _hold()
    _disposal()
    _early_erasure()
    _keys()


def _recording() -> None:
    for name in ("camera_clock_at", "regime_changed_at", "placed_for"):
        op.add_column("recording", sa.Column(name, _MOMENT, nullable=True))
    op.drop_index("ix_recording_dispose_after", "recording")
    _partial("ix_recording_due", "recording", ["dispose_after", "id"], _KEPT)
    _partial("ix_recording_due_of", "recording", ["municipality_id", "dispose_after", "id"], _KEPT)
    gone = "state IN ('disposing', 'disposed')"
    _partial("ix_recording_camera_id_sha256_gone", "recording", ["camera_id", "sha256"], gone)
    other = "IS DISTINCT FROM" if op.get_bind().dialect.name == "postgresql" else "IS NOT"
    _partial("ix_recording_unplaced", "recording", ["id"], f"{_KEPT} AND placed_for {other} dispose_after")
    op.add_column("sealed_key", sa.Column("before", sa.Text(), nullable=True))
    op.create_index("ix_sealed_key_key_id", "sealed_key", ["key_id"])


def _hold() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("trigger", sa.String(length=32), nullable=False),
        sa.Column("released_by", sa.String(length=32), nullable=False),
        sa.Column("days_after", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("case_reference", sa.String(length=100), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("reviewed_at", _MOMENT, nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("lift_reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lift_reason IS NULL)", name=op.f("ck_hold_lifted_with_reason")
        ),
        _reference("hold", "recording_id", "recording"),
        _reference("hold", "municipality_id", "municipality"),
        _reference("hold", "request_id", "request"),
        _reference("hold", "placed_by", "person"),
        _reference("hold", "lifted_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index("ix_hold_recording_id", "hold", ["recording_id"])
    op.create_index("ix_hold_request_id", "hold", ["request_id"])
    _partial("ix_hold_standing", "hold", ["municipality_id", "reviewed_at"], "lifted_at IS NULL")


def _disposal() -> None:
    op.create_table(
        "disposal",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("due", _MOMENT, nullable=False),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("term_days", sa.Integer(), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("begun_in", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("key_destroyed_at", _MOMENT, nullable=False),
        sa.Column("locked_until", _MOMENT, nullable=True),
        sa.Column("discarded_at", _MOMENT, nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("disposed_at", _MOMENT, nullable=True),
        sa.Column("disposed_in", sa.Uuid(), nullable=True),
        _reference("disposal", "recording_id", "recording"),
        _reference("disposal", "municipality_id", "municipality"),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_disposal")),
    )
    _partial("ix_disposal_unfinished", "disposal", ["locked_until", "recording_id"], "disposed_at IS NULL")
    op.create_index(
        "ix_disposal_municipality_id_disposed_at_recording_id",
        "disposal",
        ["municipality_id", "disposed_at", "recording_id"],
    )


def _early_erasure() -> None:
    op.create_table(
        "early_erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("ground", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("asked_by", sa.String(length=300), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=300), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decision_reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_early_erasure_two_persons")
        ),
        _reference("early_erasure", "recording_id", "recording"),
        _reference("early_erasure", "municipality_id", "municipality"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_erasure")),
    )
    op.create_index("ix_early_erasure_municipality_id", "early_erasure", ["municipality_id"])
    _partial(
        "uq_early_erasure_recording_id_waiting",
        "early_erasure",
        ["recording_id"],
        "decided_at IS NULL",
        unique=True,
    )


def _keys() -> None:
    op.create_table(
        "disposal_key",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("spoiled_at", _MOMENT, nullable=True),
        sa.Column("closes", sa.Date(), nullable=True),
        sa.Column("destroyed_at", _MOMENT, nullable=True),
        _reference("disposal_key", "municipality_id", "municipality"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_disposal_key")),
    )
    op.create_index("ix_disposal_key_municipality_id_day", "disposal_key", ["municipality_id", "day"])
    _partial("ix_disposal_key_standing", "disposal_key", ["day"], "destroyed_at IS NULL")
    op.create_table(
        "intake_key",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("municipality", sa.String(length=64), nullable=True),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.Column("replaced_at", _MOMENT, nullable=True),
        sa.Column("destroyed_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_intake_key")),
    )
    op.create_index("ix_intake_key_municipality", "intake_key", ["municipality"])
    op.create_table(
        "key_destruction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("proposed_by", sa.String(length=300), nullable=False),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("done_by", sa.String(length=300), nullable=True),
        sa.Column("done_at", _MOMENT, nullable=True),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        sa.Column("keys", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "done_by IS NULL OR done_by <> proposed_by", name=op.f("ck_key_destruction_two_persons")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_destruction")),
    )
    op.create_index("ix_key_destruction_municipality", "key_destruction", ["municipality"])


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
