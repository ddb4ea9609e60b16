"""Requests to see footage (verzoek tot uitkijken), and the decisions on them.

Every verb here is one transaction: facts, decision, effect and audit entry stand or fall together. A denial
is a value like a permit: decided, recorded, committed, returned (law 2).
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action, Recording, Situation
from policies.rules import Obligation
from vault import audit, facts, situations, tables
from vault.audit import Actor, Event
from vault.holds import automatic
from vault.holds.tables import Hold
from vault.ids import GrantId, PersonId, RecordingId, RequestId, new_id
from vault.vault import Caller, Vault


class RequestState(enum.StrEnum):
    """Where a request is."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"


class RequestClosed(Exception):
    """The request was decided before; ask anew when there is a new reason."""


class GrantTooLong(Exception):
    """The grant would begin in the past, or outlast what the rule set allows or the footage itself."""


@dataclass(frozen=True)
class Wish:
    """What someone asks for: which recording, for which purpose, and why."""

    recording: RecordingId
    purpose: str
    reason: str
    case_reference: str | None = None
    prerequisites: Sequence[str] = ()
    """Names out of `facts.PREREQUISITES`."""
    recipient: str | None = None
    """To whom the footage is to be disclosed; None: to nobody."""


@dataclass(frozen=True)
class Answer:
    """How a request stands after a verb, and the decision that brought it there."""

    request: RequestId
    state: RequestState
    decision: Decision
    grant: GrantId | None = None


def ask(vault: Vault, caller: Caller, wish: Wish, *, now: datetime) -> Answer:
    """Ask to see a recording. The policy refuses, allows, or leaves it to a decider.

    Where the municipality's terms say so, a request that is not refused holds the footage: it stays until the
    request is answered. Raises facts.Unknown when the recording is not kept here.
    """
    with vault.database.transaction() as session:
        # 1. the facts; the recording is locked, so that who were granted it stay as many until the commit;
        # either the sweep has it, or comes after
        recording = facts.recording(session, wish.recording, lock=True)
        rule_set = vault.rule_sets.of(recording.municipality)
        row = tables.Request(
            id=new_id(),
            recording_id=wish.recording,
            requester_id=caller.id,
            purpose=wish.purpose,
            reason=wish.reason,
            case_reference=wish.case_reference,
            prerequisites=sorted(wish.prerequisites),
            recipient=wish.recipient,
            asked_at=now,
            state=RequestState.WAITING,
        )
        situation = _situation(session, rule_set, caller, Action.ASK, recording, row, now)
        # 2. the decision
        decision = rule_set.decide(situation)
        outcome, event = _outcome(decision)
        row.state = outcome
        session.add(row)
        session.flush()
        # 3. the effect; what it holds stays until it is answered, so a grant may last as long
        grant_id = None
        holds: Sequence[Hold] = ()
        if decision.permitted:
            kept = session.get_one(tables.Recording, wish.recording)
            holds = automatic.place_for(session, rule_set.terms, kept, row, now)
            recording = facts.as_recording(session, kept)
        if outcome is RequestState.GRANTED:
            grant_id = _grant(session, row, decision, until=_longest(rule_set, recording, now), now=now)
        vault.rule_sets.keep(session, rule_set, now=now)
        stored = _record_decision(session, row, decision, decider=None, outcome=outcome, now=now)
        # 4. the entry
        _append(vault, session, caller, decision, event, row, now, grant_id, stored)
        automatic.enter(vault, session, caller, decision, holds, now)
    return Answer(RequestId(row.id), outcome, decision, grant_id)


def decide(
    vault: Vault,
    caller: Caller,
    request_id: RequestId,
    *,
    approve: bool,
    reason: str,
    now: datetime,
    until: datetime | None = None,
) -> Answer:
    """Approve or refuse somebody's request; the grant lasts `until`, or as long as the rule set allows.

    When the policy does not let `caller` decide, the answer carries that denial and the request stays as it
    was. Raises facts.Unknown, RequestClosed and GrantTooLong.
    """
    with vault.database.transaction() as session:
        # 1. the facts; the recording is locked, as in `ask`, and then the request, so it is decided once.
        # In this order, as the sweep does, which closes the requests of what it takes.
        row = facts.request_row(session, request_id)
        recording = facts.recording(session, RecordingId(row.recording_id), lock=True)
        row = facts.request_row(session, request_id, lock=True)
        rule_set = vault.rule_sets.of(recording.municipality)
        situation = _situation(session, rule_set, caller, Action.DECIDE, recording, row, now)
        # 2. the decision: may this person decide on this?
        decision = rule_set.decide(situation)
        grant_id = stored = None
        event = Event.DECISION_DENIED
        closed = decision.permitted and row.state != RequestState.WAITING
        if closed:
            # All they get is to know that it was decided.
            event = Event.REQUEST_READ
        elif decision.permitted:
            # 3. the effect
            row.state = RequestState.GRANTED if approve else RequestState.REFUSED
            event = Event.REQUEST_APPROVED if approve else Event.REQUEST_REJECTED
            if approve:
                asked = _asked_under(session, row)
                ends = _until(until, _longest(rule_set, recording, now), now)
                grant_id = _grant(session, row, decision, until=ends, now=now, obligations=asked)
            vault.rule_sets.keep(session, rule_set, now=now)
            stored = _record_decision(
                session, row, decision, decider=caller, outcome=row.state, reason=reason, now=now
            )
        # 4. the entry
        _append(vault, session, caller, decision, event, row, now, grant_id, stored, reason=reason)
    if closed:
        raise RequestClosed
    return Answer(request_id, RequestState(row.state), decision, grant_id)


@dataclass(frozen=True)
class Reading:
    """A request as someone may read it, or the decision that they may not."""

    row: tables.Request
    grant: GrantId | None
    decisions: Sequence[UUID]
    """In the order in which they were made."""
    decision: Decision


def look(vault: Vault, caller: Caller, request_id: RequestId, *, now: datetime) -> Reading:
    """Read one request, when the policy lets `caller`. Raises facts.Unknown."""
    with vault.database.transaction() as session:
        row, decision = may_read(vault, session, caller, request_id, now)
        grant = session.scalar(select(tables.Grant.id).where(tables.Grant.request_id == row.id))
        made = session.scalars(
            select(tables.Decision.id)
            .where(tables.Decision.request_id == row.id)
            .order_by(tables.Decision.decided_at, tables.Decision.id)
        ).all()
        _append(vault, session, caller, decision, Event.REQUEST_READ, row, now, None)
    return Reading(row, GrantId(grant) if grant else None, made, decision)


def may_read(
    vault: Vault, session: Session, caller: Caller, request_id: RequestId, now: datetime
) -> tuple[tables.Request, Decision]:
    """A request's row, and whether the policy lets `caller` read it. Raises facts.Unknown."""
    row = facts.request_row(session, request_id)
    recording = facts.recording(session, RecordingId(row.recording_id))
    rule_set = vault.rule_sets.of(recording.municipality)
    situation = _situation(session, rule_set, caller, Action.READ_REQUEST, recording, row, now)
    return row, rule_set.decide(situation)


def refuse_gone(
    vault: Vault,
    session: Session,
    row: tables.Request,
    recording: tables.Recording,
    *,
    now: datetime,
    by: Actor,
) -> None:
    """Refuse a request that waits, in the caller's transaction: its footage is not there any more.

    The policy says so, as to whoever asks now. When it does not, the request waits on for a decider.
    """
    footage = facts.as_recording(session, recording)
    rule_set = vault.rule_sets.of(footage.municipality)
    asker = Caller(PersonId(row.requester_id), "")
    situation = _situation(session, rule_set, asker, Action.ASK, footage, row, now)
    decision = rule_set.decide(situation)
    if decision.permitted:
        return
    row.state = RequestState.REFUSED
    vault.rule_sets.keep(session, rule_set, now=now)
    stored = _record_decision(session, row, decision, decider=None, outcome=RequestState.REFUSED, now=now)
    _append_by(vault, session, by, decision, Event.REQUEST_REFUSED, row, now, None, stored)


def _situation(
    session: Session,
    rule_set: RuleSet,
    caller: Caller,
    action: Action,
    recording: Recording,
    row: tables.Request,
    now: datetime,
) -> Situation:
    """What `caller` wants to do with a request; whose people count is for the owner's terms to say."""
    shares = rule_set.terms.shares_with
    person = facts.person(session, caller.id, recording.municipality, shares_with=shares)
    asked = facts.as_request(row, facts.other_viewers(session, row))
    return Situation(person, action, recording, row.purpose, now, request=asked)


def _outcome(decision: Decision) -> tuple[RequestState, Event]:
    if not decision.permitted:
        return RequestState.REFUSED, Event.REQUEST_REFUSED
    if Obligation.DECIDER in decision.obligations:
        return RequestState.WAITING, Event.REQUEST_SUBMITTED
    return RequestState.GRANTED, Event.REQUEST_ALLOWED


def _longest(rule_set: RuleSet, recording: Recording, now: datetime) -> datetime:
    """No grant outlasts what the rule set allows, nor the footage."""
    return min(now + rule_set.terms.longest_grant, recording.dispose_after)


def _until(asked: datetime | None, longest: datetime, now: datetime) -> datetime:
    if asked is None:
        return longest
    if not now < asked <= longest:
        raise GrantTooLong
    return asked


def _asked_under(session: Session, row: tables.Request) -> list[str]:
    """The obligations that came with the policy's own answer when it was asked: the grant carries them."""
    first = session.scalars(
        select(tables.Decision)
        .where(tables.Decision.request_id == row.id)
        .order_by(tables.Decision.decided_at)
        .limit(1)
    ).one()
    return first.obligations


def _grant(
    session: Session,
    row: tables.Request,
    decision: Decision,
    *,
    until: datetime,
    now: datetime,
    obligations: Sequence[str] = (),
) -> GrantId:
    grant = tables.Grant(
        id=new_id(),
        request_id=row.id,
        recording_id=row.recording_id,
        holder_id=row.requester_id,
        purpose=row.purpose,
        obligations=sorted({*obligations, *decision.obligations}),
        valid_from=now,
        valid_until=until,
    )
    session.add(grant)
    return GrantId(grant.id)


def _record_decision(
    session: Session,
    row: tables.Request,
    decision: Decision,
    *,
    decider: Caller | None,
    outcome: str,
    now: datetime,
    reason: str | None = None,
) -> tables.Decision:
    stored = tables.Decision(
        id=new_id(),
        request_id=row.id,
        decider_id=decider.id if decider else None,
        outcome=outcome,
        rules=[rule.id for rule in decision.reasons],
        obligations=sorted(decision.obligations),
        rule_set=decision.rule_set,
        situation=situations.as_json(decision.situation),
        reason=reason,
        decided_at=now,
    )
    session.add(stored)
    return stored


def _append(
    vault: Vault,
    session: Session,
    caller: Caller,
    decision: Decision,
    event: Event,
    row: tables.Request,
    now: datetime,
    grant: GrantId | None,
    stored: tables.Decision | None = None,
    reason: str | None = None,
) -> None:
    actor = caller.as_actor(decision.situation.person.roles)
    _append_by(vault, session, actor, decision, event, row, now, grant, stored, reason)


def _append_by(
    vault: Vault,
    session: Session,
    actor: Actor,
    decision: Decision,
    event: Event,
    row: tables.Request,
    now: datetime,
    grant: GrantId | None,
    stored: tables.Decision | None = None,
    reason: str | None = None,
) -> None:
    details = {
        "request": row.id,
        "reason": reason or row.reason,
        "caseReference": row.case_reference,
        "prerequisites": row.prerequisites,
        "recipient": row.recipient,
        "requester": row.requester_id,
        "grant": grant,
    }
    if stored is not None and stored.situation is not None:
        # So that whoever changes the facts in the table is found out by the trail (`vault.explanations`).
        details["decision"] = stored.id
        details["situation"] = situations.fingerprint(stored.situation)
    audit.append(session, vault.ring, audit.of_decision(event, decision, actor, now, details=details))
