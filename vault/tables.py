"""The tables. Each column that holds personal data stands in docs/data.md with its purpose and term."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from vault.base import BIG, Base, TransactionNumber
from vault.disposal import tables as _disposal  # noqa: F401  # every table is known to who knows these
from vault.erasure import tables as _erasure  # noqa: F401
from vault.holds import tables as _holds  # noqa: F401
from vault.log import tables as _log  # noqa: F401
from vault.signals import tables as _signals  # noqa: F401


class State(enum.StrEnum):
    """Where a recording is in its life (docs/design.md)."""

    ARRIVING = "arriving"
    RECEIVED = "received"
    """Every byte is durable; the examination has not ended yet."""
    KEPT = "kept"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    """The same recording was kept before: this arrival's copy is discarded, its receipt is that one's."""
    ABANDONED = "abandoned"
    """Terminated by the dock, or reaped after it stopped coming."""
    DISPOSING = "disposing"
    """Its key is destroyed: nothing opens it any more. Its objects go as soon as the store lets them."""
    DISPOSED = "disposed"
    """Nothing of the footage is left but the certificate."""


class Municipality(Base):
    """A municipality that this installation serves; its id is the name of its rule set."""

    __tablename__ = "municipality"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Person(Base):
    """Someone who works with the system, known by what the identity provider calls them."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)


class Assignment(Base):
    """A role someone has for one municipality; without a row, none (empty means no)."""

    __tablename__ = "assignment"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    team: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    """The team the role is held for; empty where teams do not matter."""


class Camera(Base):
    __tablename__ = "camera"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    serial: Mapped[str] = mapped_column(String(100), unique=True)


class Dock(Base):
    __tablename__ = "dock"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str] = mapped_column(String(100), unique=True)
    public_key: Mapped[str] = mapped_column(String(2000))
    """PEM, EC P-256: the dock signs its requests with the private half, which we never see."""
    active: Mapped[bool] = mapped_column(default=True)


class Recording(Base):
    """One recording of one camera, from its announcement to its disposal."""

    __tablename__ = "recording"
    __table_args__ = (
        # One kept recording per camera and content: the same file again is the same recording.
        Index(
            "uq_recording_camera_id_sha256_kept",
            "camera_id",
            "sha256",
            unique=True,
            sqlite_where=text("state = 'kept'"),
            postgresql_where=text("state = 'kept'"),
        ),
        # What was disposed of is recognised when it comes again.
        Index(
            "ix_recording_camera_id_sha256_gone",
            "camera_id",
            "sha256",
            sqlite_where=text("state IN ('disposing', 'disposed')"),
            postgresql_where=text("state IN ('disposing', 'disposed')"),
        ),
        # What is due, first what was due first; what is gone is not in the way.
        Index(
            "ix_recording_due",
            "dispose_after",
            "id",
            sqlite_where=text("state IN ('kept', 'quarantined')"),
            postgresql_where=text("state IN ('kept', 'quarantined')"),
        ),
        # What will be due, day by day, in one municipality: counted without looking at a recording.
        Index(
            "ix_recording_due_of",
            "municipality_id",
            "dispose_after",
            "id",
            sqlite_where=text("state IN ('kept', 'quarantined')"),
            postgresql_where=text("state IN ('kept', 'quarantined')"),
        ),
        Index(
            "ix_recording_unplaced",
            "id",
            sqlite_where=text("state IN ('kept', 'quarantined') AND placed_for IS NOT dispose_after"),
            postgresql_where=text(
                "state IN ('kept', 'quarantined') AND placed_for IS DISTINCT FROM dispose_after"
            ),
        ),
        CheckConstraint("state <> 'kept' OR (sha256 IS NOT NULL AND dispose_after IS NOT NULL)", name="kept"),
        # Found newest first within a municipality, page after page.
        Index(None, "municipality_id", "recorded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"), index=True)
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    """The maker: who wore the camera."""
    team: Mapped[str] = mapped_column(String(64), default="")
    recorded_at: Mapped[datetime]
    """Start of the recording: by the camera's clock, corrected by the dock's. Terms run from here."""
    camera_clock_at: Mapped[datetime | None]
    """Start of the recording by the camera's own clock, where the dock corrected it."""
    regime: Mapped[str] = mapped_column(String(8), default="avg")
    regime_changed_at: Mapped[datetime | None]
    """It changes once at most."""
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str | None] = mapped_column(String(64))
    """Why it is in quarantine."""
    length: Mapped[int] = mapped_column(BigInteger)
    """Bytes of plaintext, as announced; what arrived is the sum of the parts."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    media: Mapped[dict[str, Any] | None]
    """What ffprobe said of it: container, codecs, seconds."""
    dispose_after: Mapped[datetime | None]
    """When its term is over, every hold counted in; `policies.retention.UNTIL_RELEASED` while one stands."""
    placed_for: Mapped[datetime | None]
    """The `dispose_after` that its key and the lock on its objects were last brought to."""
    kept_at: Mapped[datetime | None]


class Depiction(Base):
    """An officer who can be seen in a recording, marked after the shift."""

    __tablename__ = "depiction"

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


class SealedKey(Base):
    """A recording's data key, wrapped for its municipality: whoever lacks the private key cannot open it."""

    __tablename__ = "sealed_key"

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    before: Mapped[str | None] = mapped_column(Text)
    """Ids of the keys of a day that it was under before, with blanks between: backups have it under those."""


class Arrival(Base):
    """How a recording came in: the upload of a dock, and the data key's copy while it arrives."""

    __tablename__ = "arrival"

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    dock_id: Mapped[UUID] = mapped_column(ForeignKey("dock.id"))
    announced_sha256: Mapped[str | None] = mapped_column(String(64))
    announced_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    key_id: Mapped[str | None] = mapped_column(String(64))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The data key under ingest's arrival key; nothing after the commit point."""
    examined_until: Mapped[datetime | None]
    """Some ingest process examines it until then; later, another may take over."""
    receipt: Mapped[str | None] = mapped_column(String(4000))
    kept_as: Mapped[UUID | None] = mapped_column(ForeignKey("recording.id"))
    """The recording kept before, when this one was the same."""


class Part(Base):
    """One sealed part: an object in the store that is durable, and where it stands in the recording."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("recording_id", "first"),)

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger)
    """Offset of its first plaintext byte in the recording."""
    length: Mapped[int] = mapped_column(Integer)
    """Bytes of plaintext."""
    object_name: Mapped[str] = mapped_column(String(200), unique=True)
    header: Mapped[bytes] = mapped_column(LargeBinary)
    """The sealed part's header, kept here too so that a range needs one fetch."""


class Request(Base):
    """Someone's request to see a recording, for one purpose and with a reason (verzoek tot uitkijken)."""

    __tablename__ = "request"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    requester_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(2000))
    case_reference: Mapped[str | None] = mapped_column(String(100))
    prerequisites: Mapped[list[str]]
    """Which prerequisites the requester declared (a complaint was filed, …), by name."""
    recipient: Mapped[str | None] = mapped_column(String(64))
    """To whom the footage is to be disclosed (verstrekking): a recipient of the rule set; None: to nobody."""
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), index=True)
    """waiting, granted or refused."""


class Decision(Base):
    """What was decided on a request, by the policy or by a person, under which rule set and why."""

    __tablename__ = "decision"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id"), index=True)
    decider_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """Nobody when the policy alone decided."""
    outcome: Mapped[str] = mapped_column(String(16))
    """waiting, granted or refused."""
    rules: Mapped[list[str]]
    obligations: Mapped[list[str]]
    rule_set: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the rule set it was made under."""
    situation: Mapped[dict[str, Any] | None]
    """The facts it was made on, to make it again from (`vault.situations`); None before schema 0002."""
    reason: Mapped[str | None] = mapped_column(String(2000))
    decided_at: Mapped[datetime]


class Grant(Base):
    """Permission to watch one recording for one purpose until a moment (toestemming)."""

    __tablename__ = "watch_grant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id"), unique=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    holder_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(64))
    obligations: Mapped[list[str]]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Search(Base):
    """What somebody looks for, for one purpose and with a reason (zoekvraag): a stretch of time."""

    __tablename__ = "search"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality_id: Mapped[str] = mapped_column(ForeignKey("municipality.id"))
    requester_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(2000))
    case_reference: Mapped[str | None] = mapped_column(String(100))
    since: Mapped[datetime]
    until: Mapped[datetime]
    opened_at: Mapped[datetime]
    open_until: Mapped[datetime]


class RuleSetTexts(Base):
    """The exact texts of a rule set, kept for ever: what was decided under it can be decided again."""

    __tablename__ = "rule_set"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    municipality: Mapped[str] = mapped_column(String(64), index=True)
    """Its slug; not a reference, for a rule set may be there before its municipality is registered."""
    texts: Mapped[dict[str, Any]]
    """By path, the shared ones too, as `policies.reading.digest` counts them."""
    first_seen_at: Mapped[datetime]


class RuleSetChange(Base):
    """A change of a municipality's rules: proposed by one, activated by another, replaced by the next."""

    __tablename__ = "rule_set_change"
    __table_args__ = (
        # One rule set is in force.
        Index(
            "uq_rule_set_change_municipality_in_force",
            "municipality",
            unique=True,
            sqlite_where=text("activated_at IS NOT NULL AND replaced_at IS NULL"),
            postgresql_where=text("activated_at IS NOT NULL AND replaced_at IS NULL"),
        ),
        # What a process found at its start and recorded has neither proposer nor activator; all else has two.
        CheckConstraint(
            "(activated_at IS NULL AND activated_by IS NULL) "
            "OR (proposed_by IS NULL AND activated_by IS NULL) "
            "OR (proposed_by IS NOT NULL AND activated_by IS NOT NULL AND activated_by <> proposed_by)",
            name="two_persons",
        ),
        CheckConstraint("activated_at IS NULL OR withdrawn_at IS NULL", name="not_both"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    municipality: Mapped[str] = mapped_column(String(64), index=True)
    digest: Mapped[str] = mapped_column(ForeignKey("rule_set.digest"))
    proposed_by: Mapped[str | None] = mapped_column(String(300))
    """`person:` and their id, or `operator:` and the name of a system account."""
    proposed_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(2000))
    activated_by: Mapped[str | None] = mapped_column(String(300))
    activated_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]
    """When the next one came into force; while it is empty, this one is."""
    withdrawn_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One entry of the audit trail (inzagelog): bytes that are hashed, and never change."""

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=True)
    xid: Mapped[int | None] = mapped_column(TransactionNumber, server_default=FetchedValue())
    id: Mapped[UUID] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(64), index=True)
    municipality_id: Mapped[str | None] = mapped_column(String(64), index=True)
    actor: Mapped[str] = mapped_column(String(32), index=True)
    object: Mapped[str | None] = mapped_column(String(32), index=True)
    """Pseudonyms, as in the leaf, so that a story can be found without reading every leaf."""
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class AuditPayload(Base):
    """What an entry says of people: sealed, apart from the entry, and destroyed when its term is over."""

    __tablename__ = "audit_payload"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("audit_entry.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
