"""A scene: one person, one recording and what they ask, told in few words, as a table of cases tells it.

Nothing of it is real. The recording is always of the same moment, so that a day is the number of days since.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from policies.facts import Action, Grant, Person, Recording, Request, Search, Situation
from policies.retention import days_later
from policies.terms import Terms

RECORDED = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
"""A Monday at noon in Amsterdam."""

PERSON, COLLEAGUE, ANOTHER, RECORDING, REQUEST, GRANT, SEARCH = (UUID(int=number) for number in range(1, 8))
OWN_TEAM, OTHER_TEAM = "eigen", "ander"
STRANGE = "elders"
"""A municipality that shares with nobody."""

WPG, HELD = "wpg", "held"
FACTS = frozenset(field.name for field in fields(Request) if field.default is False)
"""What can be so of a request."""
CONDITIONS = FACTS | {WPG, HELD}
"""With what can be so of a recording: it falls under the Wpg; something holds it, so it is there still."""


class Relation(StrEnum):
    """What somebody has to do with the recording, or with the request that they decide on."""

    MAKER = "maker"
    DEPICTED = "depicted"
    OTHER_TEAM = "other-team"
    NO_TEAM = "no-team"
    """Of what team the recording is, is not known."""
    OTHER_MUNICIPALITY = "other-municipality"
    """Works for the first of those that the terms share with; for a strange one when they share with none."""
    STRANGE_MUNICIPALITY = "strange-municipality"
    OWN_REQUEST = "own-request"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Scene:
    """Who does what, to what, for which purpose, on which day, and what is so."""

    action: Action
    roles: frozenset[str]
    relations: frozenset[Relation]
    purpose: str
    day: int
    conditions: frozenset[str]
    """Of CONDITIONS; whatever is not here is not so."""
    viewers: int = 0
    recipient: str | None = None

    def situation(self, terms: Terms) -> Situation:
        """These facts in full, in a municipality with these terms."""
        now = days_later(RECORDED, self.day) if self.day else RECORDED
        return Situation(
            person=self._person(terms),
            action=self.action,
            resource=self._recording(terms, now),
            purpose=self.purpose,
            now=now,
            request=self._request(now),
            grant=_grant(self.purpose, now),
            search=_search(self.purpose, now, has_case_reference="has_case_reference" in self.conditions),
        )

    def _person(self, terms: Terms) -> Person:
        municipality = terms.municipality
        if Relation.OTHER_MUNICIPALITY in self.relations:
            municipality = next(iter(terms.shares_with), STRANGE)
        if Relation.STRANGE_MUNICIPALITY in self.relations:
            municipality = STRANGE
        return Person(
            id=PERSON,
            roles=self.roles,
            municipality=municipality,
            teams=frozenset({OTHER_TEAM if Relation.OTHER_TEAM in self.relations else OWN_TEAM}),
            active=Relation.INACTIVE not in self.relations,
        )

    def _recording(self, terms: Terms, now: datetime) -> Recording:
        regime: Literal["avg", "wpg"] = "wpg" if WPG in self.conditions else "avg"
        due = days_later(RECORDED, terms.term_of(regime))
        return Recording(
            id=RECORDING,
            municipality=terms.municipality,
            maker=PERSON if Relation.MAKER in self.relations else COLLEAGUE,
            depicted=frozenset({PERSON}) if Relation.DEPICTED in self.relations else frozenset(),
            team=None if Relation.NO_TEAM in self.relations else OWN_TEAM,
            regime=regime,
            recorded_at=RECORDED,
            dispose_after=max(due, now + timedelta(days=1)) if HELD in self.conditions else due,
            state="kept",
        )

    def _request(self, now: datetime) -> Request:
        own = self.action is Action.ASK or Relation.OWN_REQUEST in self.relations
        return Request(
            id=REQUEST,
            requester=PERSON if own else ANOTHER,
            purpose=self.purpose,
            asked_at=now,
            recipient=self.recipient,
            other_viewers=self.viewers,
            **dict.fromkeys(self.conditions & FACTS, True),
        )


def _grant(purpose: str, now: datetime) -> Grant:
    hour = timedelta(hours=1)
    return Grant(GRANT, PERSON, RECORDING, purpose, now, now + hour, revoked=False, obligations=frozenset())


def _search(purpose: str, now: datetime, *, has_case_reference: bool) -> Search:
    hour = timedelta(hours=1)
    period = (RECORDED - hour, RECORDED + hour)
    return Search(SEARCH, PERSON, purpose, *period, now + hour, has_case_reference=has_case_reference)
