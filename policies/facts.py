"""The facts a decision is made of. Whoever asks loads them; rules never look further than what stands here.

SituationRefused   the facts handed in cannot form a situation: a bug of the caller, never a denial
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from policies.retention import years_before


class SituationRefused(ValueError):
    """These facts do not form a situation that can be decided."""


class Action(StrEnum):
    """What a person wants to do. The values are the actions of the Cedar schema."""

    ASK = "ask"
    """Ask to view footage (verzoek tot uitkijken)."""
    DECIDE = "decide"
    """Approve or refuse somebody's request (besluit)."""
    FIND = "find"
    """Learn that a recording exists: camera, moment, length; never what it shows."""
    WATCH = "watch"
    """See one range of footage under a grant (uitkijken)."""
    REVOKE = "revoke"
    """End a grant before its time."""
    READ_REQUEST = "read-request"
    """Read what somebody asked, and why."""
    READ_GRANT = "read-grant"
    """Read what a grant allows, and until when."""
    READ_AUDIT = "read-audit"
    """Read a municipality's audit trail (inzagelog)."""
    SETTLE_SIGNAL = "settle-signal"
    """Close a signal (signaal) with a note."""
    READ_LOG = "read-log"
    """Read the log that outsiders check: entries that name nobody, and hashes over them."""
    EVALUATE = "evaluate"
    """Ask what would be decided for somebody; nothing is shown and nothing changes."""
    PROPOSE_RULES = "propose-rules"
    """Propose another rule set, or take a proposal back; nothing changes by it."""
    ACTIVATE_RULES = "activate-rules"
    """Let a proposed rule set come into force."""
    READ_RULES = "read-rules"
    """Read the rule set in force, or a proposed one."""
    EXAMINE_RULES = "examine-rules"
    """See what a proposed rule set would have decided otherwise (what-if)."""
    PLACE_HOLD = "place-hold"
    """Keep a recording past its term, for a reason (bewaarplicht)."""
    LIFT_HOLD = "lift-hold"
    """End a hold, or say that it must still stand."""
    CHANGE_REGIME = "change-regime"
    """Bring a recording under the other regime, AVG or Wpg: once, and its term with it."""
    ASK_ERASURE = "ask-erasure"
    """Ask that a recording be disposed of before its term is over."""
    DECIDE_ERASURE = "decide-erasure"
    """Approve or refuse that somebody else asked so."""
    READ_RETENTION = "read-retention"
    """Read what is due when, what is held and why, and the certificates of what is gone."""


ABOUT_REQUEST = frozenset({Action.ASK, Action.DECIDE, Action.READ_REQUEST})
ABOUT_GRANT = frozenset({Action.WATCH, Action.REVOKE, Action.READ_GRANT})
ABOUT_TRAIL = frozenset({Action.READ_AUDIT, Action.READ_LOG, Action.SETTLE_SIGNAL, Action.READ_RETENTION})
ABOUT_RULES = frozenset(
    {Action.PROPOSE_RULES, Action.ACTIVATE_RULES, Action.READ_RULES, Action.EXAMINE_RULES}
)
ABOUT_TERM = frozenset(
    {
        Action.PLACE_HOLD,
        Action.LIFT_HOLD,
        Action.CHANGE_REGIME,
        Action.ASK_ERASURE,
        Action.DECIDE_ERASURE,
    }
)
"""By these footage stays longer, or goes earlier, than its term says."""
ABOUT_FOOTAGE = frozenset({Action.ASK, Action.DECIDE, Action.FIND, Action.WATCH})
"""By these footage is used, so how old it is can stand in the way."""
WITHOUT_PURPOSE = ABOUT_RULES | ABOUT_TERM | {Action.EVALUATE, Action.READ_LOG, Action.READ_RETENTION}
"""Nothing of footage is shown by these, so they serve none of its purposes."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works with the footage of one municipality, as known at this moment."""

    id: UUID
    roles: frozenset[str]
    municipality: str
    teams: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """An opname, as far as rules may look at it."""

    id: UUID
    municipality: str
    maker: UUID
    """The officer who wore the camera."""
    depicted: frozenset[UUID]
    """Officers known to stand on the footage. Citizens are never identified here."""
    team: str | None
    regime: Literal["avg", "wpg"]
    recorded_at: datetime
    dispose_after: datetime
    """From this moment on the footage is due for disposal and no longer watched; holds are counted in."""
    state: str
    """`kept`, or whatever else the vault calls it: only `kept` can be asked for. `disposing` and `disposed`
    is what is gone."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The audit trail of one municipality."""

    municipality: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rule sets of one municipality: in force, past and proposed."""

    municipality: str


Resource = Recording | Trail | RuleBook


@dataclass(frozen=True, slots=True)
class Request:
    """A verzoek: one person, one purpose. What is not known to be so counts as not so."""

    id: UUID
    requester: UUID
    purpose: str
    asked_at: datetime
    has_case_reference: bool = False
    complaint_filed: bool = False
    """A complaint (klacht, Awb ch. 9) has been filed."""
    criminal_complaint_filed: bool = False
    """A criminal complaint (aangifte, Sv art. 161) has been filed."""
    demand_received: bool = False
    """Police or public prosecutor demanded the footage (vordering, Sv art. 126nd/126nda)."""
    subject_depicted: bool = False
    """The data subject's identity is checked, and it is they who stand on the footage."""
    demonstrable_interest: bool = False
    """The data subject stated an interest that can be shown (aantoonbaar belang)."""
    at_officers_request: bool = False
    """The officer who made the footage, or stands on it, asked for this."""
    safety_incident: bool = False
    """An incident that touched an officer's safety is on record."""
    integrity_investigation: bool = False
    """An integrity investigation (integriteitsonderzoek) was opened."""
    recipient: str | None = None
    """To whom the footage is to be disclosed (verstrekking): a key of the terms' recipients; None: nobody."""
    other_viewers: int = 0
    """How many persons other than the requester were ever granted this recording."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A toestemming: one holder, one recording, one purpose, from a moment until another (exclusive)."""

    id: UUID
    holder: UUID
    recording: UUID
    purpose: str
    valid_from: datetime
    valid_until: datetime
    revoked: bool
    obligations: frozenset[str]
    """As stored with the grant. One that this software does not know denies the watching."""


@dataclass(frozen=True, slots=True)
class Search:
    """A zoekvraag: one person looks for recordings of one stretch of time, for one purpose."""

    id: UUID
    requester: UUID
    purpose: str
    since: datetime
    until: datetime
    """Exclusive, like `open_until`."""
    open_until: datetime
    has_case_reference: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """One question: may this person do this, to this, for this purpose, now?

    What is done to a request carries the request, what is done to a grant the grant; WATCH may lack it, as
    FIND may lack the search. EVALUATE has no purpose of its own: what is asked about has.
    Raises SituationRefused when they do not, or when the resource is of the wrong kind.
    """

    person: Person
    action: Action
    resource: Resource
    purpose: str
    now: datetime
    request: Request | None = None
    grant: Grant | None = None
    search: Search | None = None
    subject: UUID | None = None
    """About whom EVALUATE asks."""
    proposer: UUID | None = None
    """Who proposed what ACTIVATE_RULES activates, or asked for the erasure that DECIDE_ERASURE is about,
    where that is a person of the register."""
    concerned: frozenset[UUID] = frozenset()
    """Whom the signal is about that SETTLE_SIGNAL closes."""

    @property
    def one_year_ago(self) -> datetime:
        """By the calendar in Amsterdam: what is no younger has lasted a year. So the others; rules cannot
        count years. Raises ValueError and OverflowError where the calendar ends."""
        return years_before(self.now, 1)

    @property
    def five_years_ago(self) -> datetime:
        return years_before(self.now, 5)

    @property
    def ten_years_ago(self) -> datetime:
        return years_before(self.now, 10)

    def __post_init__(self) -> None:
        if not isinstance(self.resource, _done_to(self.action)):
            raise SituationRefused(
                f"{self.action} is not something one does to a {type(self.resource).__name__}"
            )
        if self.action in ABOUT_REQUEST and self.request is None:
            raise SituationRefused(f"{self.action} needs the request")
        if self.action in ABOUT_GRANT - {Action.WATCH} and self.grant is None:
            raise SituationRefused(f"{self.action} needs the grant")
        if self.action is Action.EVALUATE and self.subject is None:
            raise SituationRefused(f"{self.action} needs to know about whom")
        if self.now.tzinfo is None:
            raise SituationRefused("now needs a time zone")


def _done_to(action: Action) -> type[Resource] | tuple[type[Resource], ...]:
    """What kind of thing one does this to."""
    if action is Action.EVALUATE:
        return (Recording, Trail)
    if action in ABOUT_RULES:
        return RuleBook
    return Trail if action in ABOUT_TRAIL else Recording
