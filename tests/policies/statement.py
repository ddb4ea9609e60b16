"""What four regulations and the shared rules say, said once more in plain Python.

Written from the regulations (their sources stand in terms.toml) and not from the Cedar text: `test_statement`
holds the two against each other. An answer is the obligations that come with a yes, or None for a no.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from policies.facts import ABOUT_TERM, Action, Recording, Request, Situation
from policies.retention import days_between
from policies.wpg import Stage, state_of

Answer = frozenset[str] | None
Asks = Callable[[Situation, Recording, Request], Answer]

APPRAISAL = "functioneringsgesprek"
DECIDERS = frozenset({"decider", "privacy-officer"})
SEARCHERS = DECIDERS | {"supervisor", "complaint-handler", "integrity-investigator"}
A_DAY_AND_A_NIGHT = timedelta(hours=24)


@dataclass(frozen=True)
class Regulation:
    """What one municipality uses footage for, to whom it goes, and who may ask for it."""

    municipality: str
    purposes: frozenset[str]
    recipients: frozenset[str]
    asks: Asks

    def says(self, s: Situation) -> Answer:
        """Whether this is allowed, and what must be done for it."""
        at_home = s.person.municipality == s.resource.municipality == self.municipality
        if not (s.person.active and at_home):
            return None
        if isinstance(s.resource, Recording) and s.action in ABOUT_TERM:
            return _yes(stays_otherwise(s, s.resource))
        if isinstance(s.resource, Recording) and s.action is not Action.EVALUATE:
            return self._about_footage(s, s.resource)
        return frozenset() if in_the_office(s) else None

    def _about_footage(self, s: Situation, footage: Recording) -> Answer:
        roles, person = s.person.roles, s.person.id
        if s.purpose == APPRAISAL:
            return None
        # Reading what was asked and granted, and ending a grant, show nothing of the footage.
        if s.action is Action.READ_REQUEST and s.request:
            return _yes(s.request.requester == person or bool(roles & DECIDERS))
        if s.action in (Action.READ_GRANT, Action.REVOKE) and s.grant:
            same = s.grant.recording == footage.id or s.action is Action.READ_GRANT
            return _yes(same and (s.grant.holder == person or bool(roles & DECIDERS)))
        if footage.state != "kept" or s.now >= footage.dispose_after or s.purpose not in self.purposes:
            return None
        if footage.regime == "wpg" and not may_serve(s, state_of(footage.recorded_at, s.now)):
            return None
        match s.action:
            case Action.ASK if s.request and s.request.requester == person:
                return self.asks(s, footage, s.request) if self._in_order(s, s.request) else None
            case Action.DECIDE if s.request and s.request.requester != person:
                return _yes(bool(roles & DECIDERS) and self._in_order(s, s.request))
            case Action.FIND:
                return _yes(finds(s, footage))
            case Action.WATCH:
                return watches(s, footage)
        return None

    def _in_order(self, s: Situation, request: Request) -> bool:
        return request.purpose == s.purpose and request.recipient in {None, *self.recipients}


def _yes(so: bool) -> Answer:
    return frozenset() if so else None


def may_serve(s: Situation, stage: Stage) -> bool:
    """Police data: a year for all; until the fifth on a hit, after that for complaints and accountability."""
    accounts = s.purpose in {"klacht", "integriteitsonderzoek", "inzageverzoek"}
    asked = s.request if s.action in (Action.ASK, Action.DECIDE) else None
    match stage:
        case Stage.FREE:
            return True
        case Stage.COMPARED:
            hit = asked is None or asked.has_case_reference
            return accounts or (s.purpose in {"aangifte", "opsporing"} and hit)
        case Stage.REMOVED:
            kept_inside = asked is None or asked.recipient is None
            return accounts and (kept_inside or s.purpose == "inzageverzoek")
    return False


def finds(s: Situation, footage: Recording) -> bool:
    """Own work always; more within one's own open search of at most a day and a night, for a case."""
    own = s.person.id == footage.maker or s.person.id in footage.depicted
    search = s.search
    if search is None:
        return own and "officer" in s.person.roles
    in_order = (
        search.requester == s.person.id
        and search.purpose == s.purpose
        and s.now < search.open_until
        and search.since <= footage.recorded_at < search.until
        and search.until - search.since <= A_DAY_AND_A_NIGHT
        and search.has_case_reference
    )
    return in_order and (bool(s.person.roles & SEARCHERS) or (own and "officer" in s.person.roles))


def watches(s: Situation, footage: Recording) -> Answer:
    """Under one's own grant, for this footage and purpose, while it lasts."""
    grant = s.grant
    if grant is None or grant.revoked or grant.holder != s.person.id or grant.recording != footage.id:
        return None
    holds = grant.purpose == s.purpose and grant.valid_from <= s.now < grant.valid_until
    return grant.obligations if holds else None


def stays_otherwise(s: Situation, footage: Recording) -> bool:
    """Longer by a hold or another regime, or gone earlier: asked for by one, decided by another."""
    roles = s.person.roles
    if footage.state in ("disposing", "disposed"):
        return False
    match s.action:
        case Action.ASK_ERASURE:
            made = "officer" in roles and footage.maker == s.person.id
            return made or bool(roles & (DECIDERS | {"supervisor"}))
        case Action.DECIDE_ERASURE:
            return bool(roles & DECIDERS) and s.proposer != s.person.id and not involved(s, footage)
        case Action.LIFT_HOLD:
            return bool(roles & DECIDERS) and not involved(s, footage)
    released = s.action is Action.CHANGE_REGIME and involved(s, footage)
    return bool(roles & DECIDERS) and s.now < footage.dispose_after and not released


def in_the_office(s: Situation) -> bool:
    """The trail, what would be decided, and the rules themselves."""
    roles = s.person.roles
    match s.action:
        case Action.READ_AUDIT:
            read = {("privacy-officer", "toezicht-inzagelog"), ("auditor", "audit")}
            return any((role, s.purpose) in read for role in roles)
        case Action.SETTLE_SIGNAL:
            settles = "privacy-officer" in roles and s.purpose == "toezicht-inzagelog"
            return settles and s.person.id not in s.concerned
        case Action.READ_LOG:
            return bool(roles & {"privacy-officer", "auditor"})
        case Action.READ_RETENTION:
            return bool(roles & (DECIDERS | {"auditor", "functional-administrator"}))
        case Action.EVALUATE:
            return "application" in roles or s.subject == s.person.id
        case Action.PROPOSE_RULES:
            return bool(roles & {"functional-administrator", "privacy-officer"})
        case Action.ACTIVATE_RULES:
            return bool(roles & DECIDERS) and s.proposer != s.person.id
        case Action.READ_RULES:
            return bool(roles & (DECIDERS | {"functional-administrator", "auditor"}))
        case Action.EXAMINE_RULES:
            return bool(roles & DECIDERS)
    return False


def involved(s: Situation, footage: Recording) -> bool:
    return s.person.id == footage.maker or s.person.id in footage.depicted


def of_own_team(s: Situation, footage: Recording) -> bool:
    return footage.team is not None and footage.team in s.person.teams


TO_SUBJECT = frozenset({None, "betrokkene"})
NOT_COPIED = frozenset({"decider", "no-copy"})
OTHERS_HIDDEN = NOT_COPIED | {"others-unrecognisable"}
ON_SITE = OTHERS_HIDDEN | {"on-site-only"}


def noordwijk(s: Situation, footage: Recording, request: Request) -> Answer:
    """Officers see only what they made or stand on; citizens themselves; OM and police on a demand."""
    roles = s.person.roles
    looks_up = bool(roles & {"supervisor", "decider"}) and request.has_case_reference
    match s.purpose:
        case "incidentafhandeling" | "aangifte":
            own = "officer" in roles and involved(s, footage) and request.has_case_reference
            return NOT_COPIED if own and request.recipient is None else None
        case "inzageverzoek":
            shown = request.subject_depicted and request.recipient in TO_SUBJECT
            return OTHERS_HIDDEN if looks_up and shown else None
        case "opsporing":
            demanded = request.demand_received and request.recipient in {None, "om", "politie"}
            return NOT_COPIED if looks_up and demanded else None
    return None


def soest(s: Situation, footage: Recording, request: Request) -> Answer:
    """Criminal complaint, complaint, learning; the OM; the data subject until day 24. Both regimes."""
    roles, case = s.person.roles, request.has_case_reference
    match s.purpose:
        case "aangifte" if request.recipient is None and case:
            filed = request.criminal_complaint_filed and "supervisor" in roles
            return NOT_COPIED if filed and of_own_team(s, footage) else None
        case "klacht" if request.recipient is None and case:
            handled = "complaint-handler" in roles and request.complaint_filed
            return NOT_COPIED if handled and not involved(s, footage) else None
        case "zelfevaluatie" if request.recipient is None and footage.regime == "avg":
            return NOT_COPIED if "officer" in roles and involved(s, footage) else None
        case "inzageverzoek" if request.recipient in TO_SUBJECT and case:
            in_time = days_between(footage.recorded_at, request.asked_at) <= 24
            return ON_SITE if "decider" in roles and request.subject_depicted and in_time else None
        case "opsporing" if request.recipient in {None, "om"} and case:
            return NOT_COPIED if "decider" in roles and request.demand_received else None
    return None


def den_haag(s: Situation, footage: Recording, request: Request) -> Answer:
    """Criminal complaint, complaint, integrity investigation, evaluation; shared with the police only."""
    roles = s.person.roles
    kept_inside = request.recipient is None
    if not request.has_case_reference:
        return None
    match s.purpose:
        case "aangifte":
            may = "supervisor" in roles and of_own_team(s, footage) and request.criminal_complaint_filed
            return frozenset({"decider"}) if may else None
        case "evaluatie" if kept_inside:
            return NOT_COPIED if "supervisor" in roles and of_own_team(s, footage) else None
        case "klacht" if kept_inside and request.complaint_filed and not involved(s, footage):
            return NOT_COPIED if "complaint-handler" in roles else None
        case "integriteitsonderzoek" if kept_inside and not involved(s, footage):
            may = "integrity-investigator" in roles and request.integrity_investigation
            return NOT_COPIED | {"notify"} if may else None
        case "inzageverzoek" if kept_inside and request.subject_depicted:
            return ON_SITE if "decider" in roles else None
        case "opsporing" if request.demand_received:
            return frozenset({"decider"}) if "decider" in roles else None
    return None


def hilversum(s: Situation, footage: Recording, request: Request) -> Answer:
    """An officer's safety; justice and police only with a criminal complaint of violence."""
    roles = s.person.roles
    if not request.has_case_reference:
        return None
    match s.purpose:
        case "veiligheidsincident" if request.recipient is None and request.safety_incident:
            return NOT_COPIED if "supervisor" in roles and of_own_team(s, footage) else None
        case "inzageverzoek" if request.recipient in TO_SUBJECT and request.subject_depicted:
            return OTHERS_HIDDEN if "decider" in roles else None
        case "opsporing" if request.recipient != "betrokkene" and "decider" in roles:
            violence = request.safety_incident and request.criminal_complaint_filed
            return frozenset({"decider"}) if violence and request.demand_received else None
    return None


REGULATIONS = (
    Regulation(
        "noordwijk",
        frozenset({"incidentafhandeling", "aangifte", "inzageverzoek", "opsporing"}),
        frozenset({"betrokkene", "om", "politie"}),
        noordwijk,
    ),
    Regulation(
        "soest",
        frozenset({"aangifte", "klacht", "zelfevaluatie", "inzageverzoek", "opsporing"}),
        frozenset({"betrokkene", "om"}),
        soest,
    ),
    Regulation(
        "den-haag",
        frozenset({"aangifte", "klacht", "integriteitsonderzoek", "evaluatie", "inzageverzoek", "opsporing"}),
        frozenset({"politie"}),
        den_haag,
    ),
    Regulation(
        "hilversum",
        frozenset({"veiligheidsincident", "inzageverzoek", "opsporing"}),
        frozenset({"betrokkene", "justitie", "politie"}),
        hilversum,
    ),
)
