"""The first schema: registry, recordings, arrivals, requests, audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class _Xid8(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    _registry()
    _recordings()
    _recordings_parts()
    _arrivals()
    _requests()
    _audit()
    _append_only()


def _registry() -> None:
    op.create_table(
        "municipality",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_municipality")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_person_issuer_subject")),
    )
    op.create_table(
        "assignment",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_assignment_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_person_id")),
        sa.PrimaryKeyConstraint("person_id", "municipality_id", "role", "team", name=op.f("pk_assignment")),
    )
    op.create_table(
        "camera",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_camera_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera")),
        sa.UniqueConstraint("serial", name=op.f("uq_camera_serial")),
    )
    op.create_table(
        "dock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("public_key", sa.String(length=2000), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_dock_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dock")),
        sa.UniqueConstraint("name", name=op.f("uq_dock_name")),
    )


def _recordings() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=False),
        sa.Column("camera_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regime", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("media", sa.JSON(), nullable=True),
        sa.Column("dispose_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'kept' OR (sha256 IS NOT NULL AND dispose_after IS NOT NULL)",
            name=op.f("ck_recording_kept"),
        ),
        sa.ForeignKeyConstraint(["camera_id"], ["camera.id"], name=op.f("fk_recording_camera_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_recording_municipality_id")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name=op.f("fk_recording_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
    )
    op.create_index(op.f("ix_recording_dispose_after"), "recording", ["dispose_after"], unique=False)
    op.create_index(op.f("ix_recording_municipality_id"), "recording", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_recording_state"), "recording", ["state"], unique=False)
    op.create_index(
        "uq_recording_camera_id_sha256_kept",
        "recording",
        ["camera_id", "sha256"],
        unique=True,
        sqlite_where=sa.text("state = 'kept'"),
        postgresql_where=sa.text("state = 'kept'"),
    )


def _recordings_parts() -> None:
    op.create_table(
        "depiction",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_depiction_person_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_depiction_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", "person_id", name=op.f("pk_depiction")),
    )
    op.create_table(
        "sealed_key",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_sealed_key_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_sealed_key")),
    )
    op.create_table(
        "part",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("object_name", sa.String(length=200), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_part_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", "index", name=op.f("pk_part")),
        sa.UniqueConstraint("object_name", name=op.f("uq_part_object_name")),
        sa.UniqueConstraint("recording_id", "first", name=op.f("uq_part_recording_id_first")),
    )


def _arrivals() -> None:
    op.create_table(
        "arrival",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("dock_id", sa.Uuid(), nullable=False),
        sa.Column("announced_sha256", sa.String(length=64), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("examined_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt", sa.String(length=4000), nullable=True),
        sa.Column("kept_as", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["dock_id"], ["dock.id"], name=op.f("fk_arrival_dock_id")),
        sa.ForeignKeyConstraint(["kept_as"], ["recording.id"], name=op.f("fk_arrival_kept_as")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_arrival_recording_id")),
        sa.PrimaryKeyConstraint("recording_id", name=op.f("pk_arrival")),
    )
    op.create_index(op.f("ix_arrival_expires_at"), "arrival", ["expires_at"], unique=False)


def _requests() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("case_reference", sa.String(length=100), nullable=True),
        sa.Column("prerequisites", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_request_recording_id")),
        sa.ForeignKeyConstraint(["requester_id"], ["person.id"], name=op.f("fk_request_requester_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    op.create_index(op.f("ix_request_recording_id"), "request", ["recording_id"], unique=False)
    op.create_index(op.f("ix_request_requester_id"), "request", ["requester_id"], unique=False)
    op.create_index(op.f("ix_request_state"), "request", ["state"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("decider_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("obligations", sa.JSON(), nullable=False),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decider_id"], ["person.id"], name=op.f("fk_decision_decider_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_decision_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_request_id"), "decision", ["request_id"], unique=False)
    op.create_table(
        "watch_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("obligations", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_watch_grant_holder_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_watch_grant_recording_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_watch_grant_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_grant")),
        sa.UniqueConstraint("request_id", name=op.f("uq_watch_grant_request_id")),
    )
    op.create_index(op.f("ix_watch_grant_holder_id"), "watch_grant", ["holder_id"], unique=False)
    op.create_index(op.f("ix_watch_grant_recording_id"), "watch_grant", ["recording_id"], unique=False)


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        _xid(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("municipality_id", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=32), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_entry_id")),
    )
    op.create_index(op.f("ix_audit_entry_actor"), "audit_entry", ["actor"], unique=False)
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index(op.f("ix_audit_entry_event"), "audit_entry", ["event"], unique=False)
    op.create_index(op.f("ix_audit_entry_municipality_id"), "audit_entry", ["municipality_id"], unique=False)
    op.create_index(op.f("ix_audit_entry_object"), "audit_entry", ["object"], unique=False)
    op.create_table(
        "audit_payload",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_payload_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_payload")),
    )


def _xid() -> sa.Column[int | None]:
    """The writing transaction's number, by which PostgreSQL's entries are put in order (docs/design.md)."""
    if op.get_bind().dialect.name != "postgresql":
        return sa.Column("xid", sa.BigInteger(), nullable=True)
    return sa.Column("xid", _Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=True)


def _append_only() -> None:
    """Entries of the trail are never changed or deleted, also not by our own mistake."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_audit_entry_xid_seq", "audit_entry", ["xid", "seq"])
        op.execute(
            "CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()"
        )
        return
    for operation in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_append_only_{operation.lower()} BEFORE {operation} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
        )
