"""Rule sets kept for ever and changed by two; what each decision was made on; to whom footage would go."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_IN_FORCE = sa.text("activated_at IS NOT NULL AND replaced_at IS NULL")


def upgrade() -> None:
    op.add_column("request", sa.Column("recipient", sa.String(length=64), nullable=True))
    op.add_column("decision", sa.Column("situation", sa.JSON(none_as_null=True), nullable=True))
    _texts()
    _changes()


def _texts() -> None:
    op.create_table(
        "rule_set",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("municipality", sa.String(length=64), nullable=False),
        sa.Column("texts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_set")),
    )
    op.create_index(op.f("ix_rule_set_municipality"), "rule_set", ["municipality"], unique=False)


def _changes() -> None:
    op.create_table(
        "rule_set_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("proposed_by", sa.String(length=300), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("activated_by", sa.String(length=300), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(activated_at IS NULL AND activated_by IS NULL) "
            "OR (proposed_by IS NULL AND activated_by IS NULL) "
            "OR (proposed_by IS NOT NULL AND activated_by IS NOT NULL AND activated_by <> proposed_by)",
            name=op.f("ck_rule_set_change_two_persons"),
        ),
        sa.CheckConstraint(
            "activated_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_rule_set_change_not_both")
        ),
        sa.ForeignKeyConstraint(["digest"], ["rule_set.digest"], name=op.f("fk_rule_set_change_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set_change")),
    )
    op.create_index(op.f("ix_rule_set_change_municipality"), "rule_set_change", ["municipality"])
    op.create_index(
        "uq_rule_set_change_municipality_in_force",
        "rule_set_change",
        ["municipality"],
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )
