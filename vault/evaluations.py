"""What would be decided, for other software of the municipality that asks (AuthZEN 1.0, Access Evaluation).

Asking shows nothing and changes nothing, and tells much all the same: so it is an action that the policy
decides on, and each answer is an entry. All facts come from the register: what an asker says of a person's
roles or a recording's state is not listened to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from policies.engine import Decision
from policies.facts import Action, Request, Situation, Trail
from vault import audit, facts, tables
from vault.audit import Entry, Event
from vault.ids import GrantId, RequestId, new_id
from vault.rulesets import RuleSetMissing
from vault.vault import Caller, Vault


@dataclass(frozen=True)
class Question:
    """May `subject` do `action` to this thing? For ASK, with what would stand in the request."""

    subject: UUID
    action: Action
    kind: str
    """recording, request, grant or trail."""
    id: str
    purpose: str = ""
    """For a recording or a trail; what is done to a request or a grant is done for its own purpose."""
    has_case_reference: bool = False
    prerequisites: Sequence[str] = ()
    recipient: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """What would be decided; no decision when there is nothing to decide on, such as an unknown id."""

    decision: Decision | None

    @property
    def permitted(self) -> bool:
        """Whether it would be permitted."""
        return self.decision is not None and self.decision.permitted


class EvaluationDenied(Exception):
    """The rules do not let you ask this."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.decision = decision


def evaluate(
    vault: Vault,
    caller: Caller,
    questions: Sequence[Question],
    *,
    now: datetime,
    enough: Callable[[Evaluation], bool] = lambda _: False,
) -> list[Evaluation]:
    """What would be decided on each question, in order, up to the first answer that is `enough`.

    Raises EvaluationDenied, after that is entered, when `caller` may not ask one of them; then none is
    answered.
    """
    answers: list[Evaluation] = []
    denied: Decision | None = None
    with vault.database.transaction() as session:
        for question in questions:
            asking, answer = _evaluate(vault, session, caller, question, now)
            _append(vault, session, caller, question, asking, answer, now)
            if asking is not None and not asking.permitted:
                denied = asking
                break
            answers.append(answer)
            if enough(answer):
                break
    if denied is not None:
        raise EvaluationDenied(denied)
    return answers


def _evaluate(
    vault: Vault, session: Session, caller: Caller, question: Question, now: datetime
) -> tuple[Decision | None, Evaluation]:
    """Whether it may be asked, and what the answer is."""
    nothing = Evaluation(None)
    try:
        situation = _situation(vault, session, question, now)
        municipality = situation.resource.municipality
        rule_set = vault.rule_sets.of(municipality)
        asker = facts.person(session, caller.id, municipality)
    except (facts.Unknown, RuleSetMissing, _NoSuchQuestion):
        return None, nothing
    asking = rule_set.decide(
        Situation(
            asker, Action.EVALUATE, situation.resource, situation.purpose, now, subject=situation.person.id
        )
    )
    return asking, Evaluation(rule_set.decide(situation)) if asking.permitted else nothing


class _NoSuchQuestion(Exception):
    """That cannot be done to such a thing."""


def _situation(vault: Vault, session: Session, question: Question, now: datetime) -> Situation:
    match question.kind, question.action:
        case "trail", Action.READ_AUDIT | Action.READ_LOG:
            person = facts.person(session, question.subject, question.id)
            return Situation(person, question.action, Trail(question.id), question.purpose, now)
        case "recording", Action.ASK | Action.FIND | Action.WATCH:
            wished = _wished(session, question, now) if question.action is Action.ASK else None
            return _of(vault, session, question, _uuid(question.id), question.purpose, now, request=wished)
        case "request", Action.DECIDE | Action.READ_REQUEST:
            asked = facts.request_row(session, RequestId(_uuid(question.id)))
            about: dict[str, Any] = {"request": facts.as_request(asked, facts.other_viewers(session, asked))}
            return _of(vault, session, question, asked.recording_id, asked.purpose, now, **about)
        case "grant", Action.WATCH | Action.REVOKE | Action.READ_GRANT:
            grant = facts.grant_row(session, GrantId(_uuid(question.id)))
            about = {"grant": facts.as_grant(grant)}
            return _of(vault, session, question, grant.recording_id, grant.purpose, now, **about)
    raise _NoSuchQuestion


def _of(
    vault: Vault,
    session: Session,
    question: Question,
    recording_id: UUID,
    purpose: str,
    now: datetime,
    **about: Any,
) -> Situation:
    row = session.get(tables.Recording, recording_id)
    if row is None:
        raise facts.Unknown(str(recording_id))
    recording = facts.as_recording(session, row)
    shares = vault.rule_sets.of(recording.municipality).terms.shares_with
    person = facts.person(session, question.subject, recording.municipality, shares_with=shares)
    return Situation(person, question.action, recording, purpose, now, **about)


def _wished(session: Session, question: Question, now: datetime) -> Request:
    """The request that the subject would make now."""
    would_be = tables.Request(recording_id=_uuid(question.id), requester_id=question.subject)
    declared: dict[str, Any] = {facts.PREREQUISITES[name]: True for name in question.prerequisites}
    return Request(
        id=new_id(),
        requester=question.subject,
        purpose=question.purpose,
        asked_at=now,
        has_case_reference=question.has_case_reference,
        recipient=question.recipient,
        other_viewers=facts.other_viewers(session, would_be),
        **declared,
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise facts.Unknown(text) from None


def _append(
    vault: Vault,
    session: Session,
    caller: Caller,
    question: Question,
    asking: Decision | None,
    answer: Evaluation,
    now: datetime,
) -> None:
    details = {
        "subject": question.subject,
        "action": question.action.value,
        "about": {"kind": question.kind, "id": question.id},
    }
    decision = answer.decision or asking
    if decision is None:
        actor = caller.as_actor(frozenset())
        entry = Entry(event=Event.DECISION_EVALUATED, at=now, actor=actor, decision="deny", details=details)
    else:
        roles = asking.situation.person.roles if asking else frozenset()
        entry = audit.of_decision(
            Event.DECISION_EVALUATED, decision, caller.as_actor(roles), now, details=details
        )
    audit.append(session, vault.ring, entry)
