"""The log that outsiders check: numbers, tiles, checkpoints, cosignatures; and how entries are found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "log_entry",
        sa.Column("index", _BIG, autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entry")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_log_entry_entry_id")),
    )
    op.create_table(
        "log_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", _BIG, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "n", name=op.f("pk_log_tile")),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", _BIG, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", _BIG, nullable=False),
        sa.Column("witness", sa.String(length=255), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoint.size"], name=op.f("fk_log_cosignature_size")),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_log_cosignature")),
    )
    op.create_table(
        "log_position",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("xid", _BIG, nullable=False),
        sa.Column("seq", _BIG, nullable=False),
        sa.Column("minimum", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_log_position")),
    )
    op.create_table(
        "log_reader",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("index", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_reader")),
    )
    op.create_table(
        "trail_term",
        sa.Column("term", sa.LargeBinary(), nullable=False),
        sa.Column("index", _BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "index", name=op.f("pk_trail_term")),
    )
