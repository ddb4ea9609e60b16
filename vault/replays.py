"""Past decisions and grants that live, decided again under other rules from the facts of then and now.

What the rules in force did to a fact is undone first: a recording gets the term that the other rules give it.
What they did to the person asked about (whose people count, `shares_with`) stays as it was stored.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.engine import Decision, RuleSet
from policies.facts import Action, Recording, Situation
from policies.problems import RuleSetInvalid
from policies.rules import Obligation, Rule
from policies.terms import Terms
from vault import facts, situations, tables
from vault.ids import GrantId, PersonId, RecordingId, RequestId
from vault.rulesets import RuleSetAltered, RuleSetMissing, parse_stored
from vault.situations import SituationUnreadable
from vault.term_changes import due_again, due_under


class Verdict(StrEnum):
    """What comes of a question about a request."""

    REFUSED = "refused"
    WAITING = "waiting"
    """Permitted, and left to a decider."""
    ALLOWED = "allowed"


class Fate(StrEnum):
    """What becomes of a grant that lives, from the moment other rules come into force."""

    ENDS = "ends"
    """At the next range: these rules do not let its holder watch."""
    ENDS_WITH_FOOTAGE = "ends-with-footage"
    """Before its time, when the footage's new term is over."""
    STAYS_THOUGH_REFUSED = "stays-though-refused"
    """Until its end: these rules would refuse the request behind it, and say nothing against watching."""
    STAYS_THOUGH_TOO_LONG = "stays-though-too-long"
    """Until its end, which is later than these rules would give it."""


@dataclass(frozen=True)
class Flip:
    """A past decision that would be another one, and the rules that make it so."""

    decision: UUID
    request: RequestId
    action: Action
    purpose: str
    decided_at: datetime
    before: Verdict
    after: Verdict
    rules: tuple[Rule, ...]
    demanded_before: frozenset[str]
    demanded_after: frozenset[str]
    """Obligations; these may be all that differs."""


@dataclass(frozen=True)
class Ending:
    """A grant that would end sooner, or that would only live on because it was given before."""

    grant: GrantId
    recording: RecordingId
    holder: PersonId
    purpose: str
    valid_until: datetime
    fate: Fate
    until: datetime
    """When it ends, or would have to by these rules."""
    rules: tuple[Rule, ...]


class Replay:
    """Decides again, within one look at the database."""

    def __init__(self, session: Session, proposed: RuleSet, current: RuleSet, now: datetime) -> None:
        self._session = session
        self._proposed = proposed
        self._current = current
        self._now = now
        self._thens: dict[str, Terms | None] = {}

    def retry(self, row: tables.Decision) -> Flip | None:
        """What a past decision would flip to, if it would. Raises SituationUnreadable."""
        situation = facts_of(row)
        if not situations.are_names(row.obligations):
            raise SituationUnreadable
        decision = self._decide(situation, row.rule_set)
        before, after = _verdict_of_then(row, situation), _verdict(decision)
        demanded_before, demanded_after = frozenset(row.obligations), frozenset[str](decision.obligations)
        if before is after and (after is Verdict.REFUSED or demanded_before == demanded_after):
            return None
        return Flip(
            decision=row.id,
            request=RequestId(row.request_id),
            action=situation.action,
            purpose=situation.purpose,
            decided_at=row.decided_at,
            before=before,
            after=after,
            rules=decision.reasons,
            demanded_before=demanded_before,
            demanded_after=demanded_after,
        )

    def fate(self, row: tables.Grant) -> Ending | None:
        """What becomes of a grant, if anything does. One that shows nothing now has nothing to lose."""
        kept = facts.recording(self._session, RecordingId(row.recording_id))
        shares = self._current.terms.shares_with
        holder = facts.person(self._session, row.holder_id, kept.municipality, shares)
        watching = Situation(holder, Action.WATCH, kept, row.purpose, self._now, grant=facts.as_grant(row))
        if not self._current.decide(watching).permitted:
            return None
        row_kept = self._session.get_one(tables.Recording, row.recording_id)
        due = due_again(self._session, row_kept, self._proposed.terms, now=self._now)
        moved = replace(kept, dispose_after=due or kept.dispose_after)
        after = self._proposed.decide(replace(watching, resource=moved))
        if not after.permitted:
            return _ending(row, Fate.ENDS, self._now, after.reasons)
        if moved.dispose_after < row.valid_until:
            return _ending(row, Fate.ENDS_WITH_FOOTAGE, moved.dispose_after)
        asked = self._asked_again(row)
        if asked is not None and not asked.permitted:
            return _ending(row, Fate.STAYS_THOUGH_REFUSED, row.valid_until, asked.reasons)
        longest = row.valid_from + self._proposed.terms.longest_grant
        return _ending(row, Fate.STAYS_THOUGH_TOO_LONG, longest) if longest < row.valid_until else None

    def _asked_again(self, row: tables.Grant) -> Decision | None:
        """What these rules would say to the request behind a grant; None when its facts were not kept."""
        first = self._session.scalars(
            select(tables.Decision)
            .where(tables.Decision.request_id == row.request_id)
            .order_by(tables.Decision.decided_at, tables.Decision.id)
            .limit(1)
        ).one()
        try:
            return self._decide(facts_of(first), first.rule_set)
        except SituationUnreadable:
            return None

    def _decide(self, situation: Situation, named: str) -> Decision:
        """Decide on facts that were stored under the rule set by this digest."""
        if named not in self._thens:
            self._thens[named] = self._terms_of_then(named)
        then, recording = self._thens[named], situation.resource
        if then is not None and isinstance(recording, Recording):
            situation = replace(situation, resource=self._kept_under(recording, then, situation.now))
        return self._proposed.decide(situation)

    def _kept_under(self, recording: Recording, old: Terms, now: datetime) -> Recording:
        due = due_under(
            self._proposed.terms,
            old,
            recorded_at=recording.recorded_at,
            regime=recording.regime,
            due=recording.dispose_after,
            now=now,
        )
        return replace(recording, dispose_after=due)

    def _terms_of_then(self, named: str) -> Terms | None:
        """None when the texts of then are gone or cannot be read: then the term counts as it was."""
        try:
            return parse_stored(self._session, named, as_of_then=True).terms
        except (RuleSetMissing, RuleSetAltered, RuleSetInvalid):
            return None


def facts_of(row: tables.Decision) -> Situation:
    """What a decision was made on. Raises SituationUnreadable, also when it was not kept."""
    if row.situation is None:
        raise SituationUnreadable
    return situations.of_json(row.situation)


def _verdict(decision: Decision) -> Verdict:
    if not decision.permitted:
        return Verdict.REFUSED
    waits = decision.situation.action is Action.ASK and Obligation.DECIDER in decision.obligations
    return Verdict.WAITING if waits else Verdict.ALLOWED


def _verdict_of_then(row: tables.Decision, situation: Situation) -> Verdict:
    """What the rules said; what somebody decides, they decided because the rules let them."""
    if situation.action is not Action.ASK:
        return Verdict.ALLOWED
    return {"refused": Verdict.REFUSED, "waiting": Verdict.WAITING}.get(row.outcome, Verdict.ALLOWED)


def _ending(row: tables.Grant, fate: Fate, until: datetime, rules: tuple[Rule, ...] = ()) -> Ending:
    return Ending(
        grant=GrantId(row.id),
        recording=RecordingId(row.recording_id),
        holder=PersonId(row.holder_id),
        purpose=row.purpose,
        valid_until=row.valid_until,
        fate=fate,
        until=until,
        rules=rules,
    )
