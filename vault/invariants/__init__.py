"""What must be true of the whole installation, whatever happened: checked after every test and every night.

Each check is a question that finds what is wrong; no findings means that all is well. A finding names ids
only, and what to do about it is in docs/operations.md.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from vault import audit
from vault.audit import Event
from vault.disposal import invariants as disposal_invariants
from vault.disposal import key_invariants
from vault.erasure import invariants as erasure_invariants
from vault.finding import Finding
from vault.holds import invariants as hold_invariants
from vault.invariants import opening, sealed, stock, terms, told
from vault.invariants.depth import Depth, Tell, quiet
from vault.log import invariants as log_invariants
from vault.rulesets import is_whole
from vault.signals.tables import RaisedSignal
from vault.tables import (
    Arrival,
    AuditEntry,
    AuditPayload,
    Decision,
    Grant,
    Part,
    Recording,
    Request,
    RuleSetTexts,
    SealedKey,
    State,
)
from vault.trail import invariants as trail
from vault.vault import Vault

__all__ = ["Depth", "Finding", "check_all"]

EXAMINED_WITHIN = timedelta(days=1)
MOST_FINDINGS = 1000
"""Most findings of one check: more would say no more."""
_THERE = (State.KEPT, State.QUARANTINED)


def check_all(
    vault: Vault,
    *,
    now: datetime,
    depth: Depth = Depth.EVERY,
    tell: Tell = quiet,
    intake_key_lasts: timedelta = timedelta(days=7),
) -> list[Finding]:
    """Every finding of every check. Raises the store's errors: what cannot be looked at is not whole.

    `intake_key_lasts`: how old a key that ingest wraps with may become.
    """
    long = (
        sealed.check(vault),
        stock.check(vault, tell=tell),
        opening.check(vault, now=now, depth=depth, tell=tell),
        terms.check(vault, now=now, tell=tell),
        told.check(vault, tell=tell),
    )
    return [
        *_at_one_moment(vault, now, intake_key_lasts),
        *chain.from_iterable(islice(each, MOST_FINDINGS) for each in long),
    ]


def _at_one_moment(vault: Vault, now: datetime, intake_key_lasts: timedelta) -> list[Finding]:
    """The checks that ask the database alone; those that look at all footage follow it as it changes."""
    with vault.database.reading() as session:
        found = [
            Finding(name, about)
            for name, check in _CHECKS.items()
            for about in islice(check(session, now), MOST_FINDINGS)
        ]
        of_log = log_invariants.check(session, vault.ring, now)
        return [
            *found,
            *hold_invariants.check(session, MOST_FINDINGS),
            *_payloads(vault, session),
            *of_log,
            *_trail(vault, session, now),
            *erasure_invariants.check(vault, session, now),
            *key_invariants.check(vault, now=now, intake_key_lasts=intake_key_lasts),
            *disposal_invariants.check(session, now),
        ]


def _recordings_where(*conditions: ColumnElement[bool]) -> Callable[[Session, datetime], Iterator[str]]:
    query = select(Recording.id).where(*conditions).limit(MOST_FINDINGS)
    return lambda session, _now: map(str, session.scalars(query))


def _parts_do_not_add_up(session: Session, _now: datetime) -> Iterator[str]:
    """Kept or quarantined, and its parts are not exactly its length, end to end."""
    query = (
        select(Recording.id)
        .outerjoin(Part, Part.recording_id == Recording.id)
        .where(Recording.state.in_([State.KEPT, State.QUARANTINED, State.RECEIVED]))
        .group_by(Recording.id, Recording.length)
        .having(
            or_(
                func.coalesce(func.sum(Part.length), 0) != Recording.length,
                func.coalesce(func.max(Part.first + Part.length), 0) != Recording.length,
                func.count(Part.index) != func.coalesce(func.max(Part.index), -1) + 1,
            )
        )
    )
    found = [*session.scalars(query), *session.scalars(_astray())]
    return map(str, dict.fromkeys(found))


def _astray() -> Select[tuple[UUID]]:
    """Recordings with a part that does not begin where the parts before it end: a gap, and an overlap."""
    until_here = func.sum(Part.length).over(partition_by=Part.recording_id, order_by=Part.index)
    placed = select(Part.recording_id, Part.first, (until_here - Part.length).label("right")).subquery()
    return select(placed.c.recording_id).where(placed.c.first != placed.c.right).distinct()


def _never_examined(session: Session, now: datetime) -> Iterator[str]:
    """Complete for a day, and still not past its commit point: its dock waits for a receipt in vain."""
    query = (
        select(Recording.id)
        .join(Arrival, Arrival.recording_id == Recording.id)
        .where(Recording.state == State.RECEIVED, Arrival.announced_at < now - EXAMINED_WITHIN)
    )
    return map(str, session.scalars(query))


def _grants_without_approval(session: Session, _now: datetime) -> Iterator[str]:
    query = (
        select(Grant.id)
        .join(Request, Request.id == Grant.request_id)
        .outerjoin(
            Decision,
            (Decision.request_id == Grant.request_id)
            & (Decision.outcome == "granted")
            & or_(Decision.decider_id.is_(None), Decision.decider_id != Request.requester_id),
        )
        .where(Decision.id.is_(None))
    )
    return map(str, session.scalars(query))


def _rule_sets_altered(session: Session, _now: datetime) -> Iterator[str]:
    """Stored texts that are not those of their digest: nothing is decided or explained by them."""
    for row in session.scalars(select(RuleSetTexts).execution_options(yield_per=50)):
        if not is_whole(row):
            yield row.digest


def _decisions_without_rules(session: Session, _now: datetime) -> Iterator[str]:
    """Made since facts are kept, and the texts it was made under are not there."""
    query = (
        select(Decision.id)
        .outerjoin(RuleSetTexts, RuleSetTexts.digest == Decision.rule_set)
        .where(Decision.situation.is_not(None), RuleSetTexts.digest.is_(None))
    )
    return map(str, session.scalars(query.limit(MOST_FINDINGS)))


def _signals_untold(session: Session, _now: datetime) -> Iterator[str]:
    """Raised or settled, and the trail does not say so: somebody wrote, or hid, a signal by hand.

    Whatever is older than the trail's first entry is passed over: it was pruned.
    """
    begins = select(func.min(AuditEntry.at)).scalar_subquery()

    told = {
        column: select(AuditEntry).where(AuditEntry.id == column, AuditEntry.event == event).exists()
        for column, event in (
            (RaisedSignal.raised_in, Event.SIGNAL_RAISED),
            (RaisedSignal.settled_in, Event.SIGNAL_SETTLED),
        )
    }
    untold = or_(
        (RaisedSignal.raised_at > begins) & ~told[RaisedSignal.raised_in],
        (RaisedSignal.settled_at > begins) & ~told[RaisedSignal.settled_in],
    )
    return map(str, session.scalars(select(RaisedSignal.id).where(untold).limit(MOST_FINDINGS)))


_CHECKS: dict[str, Callable[[Session, datetime], Iterator[str]]] = {
    "kept-without-key": _recordings_where(
        Recording.state.in_(_THERE),
        ~select(SealedKey).where(SealedKey.recording_id == Recording.id).exists(),
    ),
    "arrival-key-after-commit-point": _recordings_where(
        Recording.state.not_in([State.ARRIVING, State.RECEIVED]),
        select(Arrival).where(Arrival.recording_id == Recording.id, Arrival.sealed.is_not(None)).exists(),
    ),
    "key-of-what-is-gone": _recordings_where(
        Recording.state.in_([State.ABANDONED, State.DUPLICATE]),
        select(SealedKey).where(SealedKey.recording_id == Recording.id).exists(),
    ),
    "kept-without-receipt": _recordings_where(
        Recording.state.in_(_THERE),
        ~select(Arrival).where(Arrival.recording_id == Recording.id, Arrival.receipt.is_not(None)).exists(),
    ),
    "parts-do-not-add-up": _parts_do_not_add_up,
    "never-examined": _never_examined,
    "grant-without-approval": _grants_without_approval,
    "rule-set-altered": _rule_sets_altered,
    "decision-without-rules": _decisions_without_rules,
    "signal-without-entry": _signals_untold,
}


def _payloads(vault: Vault, session: Session) -> Iterator[Finding]:
    """Every payload opens and is the one its entry commits to."""
    query = select(AuditEntry, AuditPayload).join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
    for entry, payload in session.execute(query.execution_options(yield_per=500)):
        try:
            audit.read_payload(vault.ring, entry, payload)
        except Exception:
            yield Finding("payload-does-not-match-entry", str(entry.id))


def _trail(vault: Vault, session: Session, now: datetime) -> Iterator[Finding]:
    """Every entry is found by what it says: whoever takes a term away hides it from who looks for it."""
    for found in islice(trail.amiss(vault.ring, session, now), MOST_FINDINGS):
        if found.hidden:
            yield Finding("entry-hidden", found.entry)
        if found.misplaced:
            yield Finding("entry-not-as-hashed", found.entry)
