"""Certificates of disposal (verklaringen van vernietiging), for whoever must be able to show one.

A certificate leaves as one document with the entry that names its digest and the proof that this entry is in
the log; `auditor.certificates` checks it without a network. docs/formats.md has its members.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import Session

from auditor import disposal_forms
from auditor.disposals import Statement
from policies.engine import Decision
from vault.canonical import Plain, canonical
from vault.disposal.proving import EntryPruned, Proven, key_destroyed, proven
from vault.disposal.tables import Disposal
from vault.facts import Unknown
from vault.ids import RecordingId
from vault.log.reading import NotNumbered
from vault.looks import enter_look, stand_to_look
from vault.standing import By, Standing
from vault.tables import Recording
from vault.vault import Vault

log = structlog.get_logger()

AT_ONCE = 100
"""Certificates composed with one look at the database."""


class NotDisposed(Exception):
    """There is no certificate: the recording is kept, or its disposal has not ended yet."""


class CertificateAltered(Exception):
    """What is stored is not the statement that its entry names: somebody changed it. That is tampering."""


@dataclass(frozen=True)
class Certificate:
    """One certificate, with what proves it."""

    statement: Statement
    entry: Proven
    """Of recording.disposed."""
    key: Proven | None
    """That the key went under which backups have the recording's own; None until then."""
    digest: str
    """SHA-256 of the statement, hexadecimal: what its entry names."""
    document: bytes
    """What an outsider checks: canonical JSON."""


@dataclass(frozen=True)
class Looked:
    """A certificate that was asked for, or the decision that does not let who asked."""

    denial: Decision | None
    certificate: Certificate | None = None


@dataclass(frozen=True)
class Place:
    """Where to go on in a list: after this one."""

    disposed_at: datetime
    recording: UUID


@dataclass(frozen=True)
class Listed:
    """A page of what was disposed of in a municipality, the oldest first; or why there is none."""

    denial: Decision | None
    rows: Sequence[Disposal] = ()
    next_after: Place | None = None


def look(vault: Vault, by: By, recording: RecordingId, *, now: datetime) -> Looked:
    """The certificate of one recording; the look is an entry, also when it is refused.

    Raises facts.Unknown, NotDisposed, CertificateAltered; NotNumbered while its entry is not in the log,
    EntryPruned when it is no more.
    """
    with vault.database.transaction() as session:
        row = session.get(Recording, recording)
        if row is None:
            raise Unknown(str(recording))
        who = stand_to_look(vault, session, by, row.municipality_id, now)
        disposal = _disposed(session, recording) if who.permitted else None
        shown = [recording] if disposal else []
        _enter(vault, session, who, row.municipality_id, now, len(shown), shown, recording)
    if who.denial:
        return Looked(who.denial)
    if disposal is None:
        raise NotDisposed(str(recording))
    with vault.database.reading() as session:
        return Looked(None, compose(session, disposal))


def listed(
    vault: Vault, by: By, municipality: str, *, now: datetime, after: Place | None = None, most: int = 50
) -> Listed:
    """A page of what was disposed of; the reading is an entry. Raises RuleSetMissing, facts.Unknown."""
    with vault.database.transaction() as session:
        who = stand_to_look(vault, session, by, municipality, now)
        rows = _page(session, municipality, after, most + 1) if who.permitted else []
        shown = rows[:most]
        _enter(vault, session, who, municipality, now, len(shown), [row.recording_id for row in shown])
    return Listed(who.denial, shown, _place(shown[-1]) if len(rows) > most else None)


def every(
    vault: Vault, by: By, municipality: str, *, now: datetime
) -> Iterator[tuple[UUID, Certificate | None]]:
    """Each certificate of a municipality, to hand over: one entry, committed first, accounts for all of them.

    None for one whose entry is not in the log yet, or no more, or that was altered. Whom the rules do not
    let, gets none.
    """
    with vault.database.transaction() as session:
        who = stand_to_look(vault, session, by, municipality, now)
        count = session.scalar(
            select(func.count())
            .select_from(Disposal)
            .where(Disposal.municipality_id == municipality, Disposal.disposed_at.is_not(None))
        )
        _enter(vault, session, who, municipality, now, count or 0 if who.permitted else 0, [])
    return _each(vault, municipality) if who.permitted else iter(())


def compose(session: Session, disposal: Disposal) -> Certificate:
    """The certificate of what was disposed of.

    Raises NotDisposed, NotNumbered, EntryPruned, CertificateAltered.
    """
    if disposal.certificate is None or disposal.disposed_in is None:
        raise NotDisposed(str(disposal.recording_id))
    entry = proven(session, disposal.disposed_in)
    key = key_destroyed(session, disposal)
    # What is not what was certified then would be refused by whoever checks it: better here, and said so.
    digest = hashlib.sha256(disposal.certificate).hexdigest()
    if json.loads(entry.leaf).get("facts", {}).get("certificate") != digest:
        raise CertificateAltered(str(disposal.recording_id))
    told: Plain = json.loads(disposal.certificate)
    document: dict[str, Plain] = {"certificate": told, **_members(entry)}
    if key:
        document["keyDestroyed"] = _members(key)
    return Certificate(disposal_forms.read(told), entry, key, digest, canonical(document))


def _members(entry: Proven) -> dict[str, Plain]:
    return {"leaf": base64.b64encode(entry.leaf).decode(), "proof": entry.proof}


def _disposed(session: Session, recording: UUID) -> Disposal | None:
    found = session.get(Disposal, recording)
    return found if found and found.disposed_at else None


def _each(vault: Vault, municipality: str) -> Iterator[tuple[UUID, Certificate | None]]:
    after: Place | None = None
    while True:
        with vault.database.reading() as session:
            rows = _page(session, municipality, after, AT_ONCE)
            made = [(row.recording_id, _composed(session, row)) for row in rows]
        yield from made
        if len(rows) < AT_ONCE:
            return
        after = _place(rows[-1])


def _composed(session: Session, disposal: Disposal) -> Certificate | None:
    try:
        return compose(session, disposal)
    except CertificateAltered:
        log.exception("certificate.altered", recording=str(disposal.recording_id))
    except (NotNumbered, EntryPruned):
        pass
    return None


def _page(session: Session, municipality: str, after: Place | None, most: int) -> Sequence[Disposal]:
    order = Disposal.disposed_at, Disposal.recording_id
    query = select(Disposal).where(
        Disposal.municipality_id == municipality, Disposal.disposed_at.is_not(None)
    )
    if after:
        disposed_at = literal(after.disposed_at, Disposal.disposed_at.type)
        query = query.where(
            tuple_(*order) > tuple_(disposed_at, literal(after.recording, Disposal.recording_id.type))
        )
    return session.scalars(query.order_by(*order).limit(most)).all()


def _place(row: Disposal) -> Place | None:
    return Place(row.disposed_at, row.recording_id) if row.disposed_at else None


def _enter(
    vault: Vault,
    session: Session,
    who: Standing,
    municipality: str,
    now: datetime,
    count: int,
    shown: Sequence[UUID],
    recording: UUID | None = None,
) -> None:
    details = {"recording": recording, "shown": [str(each) for each in shown], "form": "certificates"}
    enter_look(vault, session, who, municipality, now, leaf={"listed": count}, details=details)
