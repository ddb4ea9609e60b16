"""Cases of the shared rules about police data (Wpg): what it may serve, stage by stage."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.facts import Recording, Situation
from policies.retention import years_before
from tests.policies.world import MOMENT, NOW, Case, World, rule_set

ON_A_HIT = ("aangifte", "opsporing")
ACCOUNTED = ("klacht", "integriteitsonderzoek", "inzageverzoek")
_NEVER = {"toezicht-inzagelog", "audit", "functioneringsgesprek"}
ONE, FIVE, TEN = (years_before(NOW, years) for years in (1, 5, 10))
"""The last moments of the stages: what was made then has just come to the next one."""
_AFTER_A_YEAR, _HIT, _REMOVED = "police-data-after-a-year", "police-data-on-a-hit-only", "police-data-removed"
_DISCLOSED, _DESTROYED = "police-data-not-disclosed", "police-data-destroyed"


def everywhere(w: World) -> list[Case]:
    """Those that hold in each municipality, whatever its own rules say."""
    return [case for age, at in AGES for case in _used(w, w.purpose, age, at)]


def where_shared(w: World) -> list[Case]:
    """For each purpose, offered or not, so that every name in a rule decides something; and about asking,
    where it is known who may."""
    purposes = sorted(rule_set(w.municipality).purposes - _NEVER)
    return [
        *(case for purpose in purposes for age, at in AGES for case in _used(w, purpose, age, at)),
        *_asked(w),
        *_decided(w),
        *_disclosed(w),
    ]


def _made(w: World, at: datetime, regime: Any = "wpg") -> Recording:
    """Footage of that moment that something holds."""
    return replace(w.recording, recorded_at=at, dispose_after=NOW + timedelta(days=30), regime=regime)


def _in_the_way(purpose: str, at: datetime) -> list[str]:
    """What the age of police data adds, but for hits and recipients."""
    others = purpose not in (*ON_A_HIT, *ACCOUNTED)
    return [
        *([_AFTER_A_YEAR] if at <= ONE and others else []),
        *([_REMOVED] if at <= FIVE and purpose not in ACCOUNTED else []),
        *([_DESTROYED] if at <= TEN else []),
    ]


AGES = [
    ("a moment less than a year", ONE + MOMENT),
    ("a year", ONE),
    ("a moment less than five years", FIVE + MOMENT),
    ("five years", FIVE),
    ("a moment less than ten years", TEN + MOMENT),
    ("ten years", TEN),
]
_ORDER = [_AFTER_A_YEAR, _REMOVED, _DESTROYED, "purpose-not-offered"]
"""In the order of the file."""


def _used(w: World, purpose: str, age: str, at: datetime) -> Iterator[Case]:
    """Watched, found, and decided on with a case named."""
    decide = w.decide("decider", purpose=purpose)
    assert decide.request is not None
    search = w.search(purpose=purpose, since=at, until=at + timedelta(hours=1))
    situations = [
        (w.watch(w.grant(purpose=purpose), purpose=purpose), "yes: watch-under-grant"),
        (w.find("supervisor", search, purpose=purpose), "yes: found-within-search"),
        (replace(decide, request=replace(decide.request, purpose=purpose)), "yes: decided-by-decider"),
    ]
    offered = [] if purpose in rule_set(w.municipality).terms.purposes else ["purpose-not-offered"]
    for regime in ("wpg", "avg"):
        reasons = offered + (_in_the_way(purpose, at) if regime == "wpg" else [])
        told = " ".join(sorted(reasons, key=_ORDER.index))
        for situation, yes in situations:
            used = replace(situation, resource=_made(w, at, regime))
            title = f"{age} of {regime}, {situation.action} for {purpose}"
            yield title, used, f"no: {told}" if told else yes


def _asked(w: World) -> Iterator[Case]:
    """By who may ask so; the case says what the age of the footage adds."""

    def asked(at: datetime, regime: str, **facts: Any) -> Situation:
        situation = w.ask("privacy-officer", "opsporing", demand_received=True, **facts)
        return replace(situation, resource=_made(w, at, regime))

    yes = "yes: demand-carried-out [decider watermark]"
    for age, at in AGES:
        reasons = _in_the_way("opsporing", at)
        yield f"{age}, asked", asked(at, "wpg"), f"no: {' '.join(reasons)}" if reasons else yes
        yield f"{age} of avg, asked", asked(at, "avg"), yes
        lacking = [*([_HIT] if FIVE < at <= ONE else []), *reasons, "needs-case-reference"]
        without = asked(at, "wpg", has_case_reference=False)
        yield f"{age}, asked without a case", without, f"no: {' '.join(lacking)}"
    other = replace(w.ask("supervisor", "incidentafhandeling"), resource=_made(w, ONE))
    yield "a year, asked for another purpose", other, f"no: {_AFTER_A_YEAR}"
    to = asked(FIVE, "wpg", recipient="om")
    yield "five years, asked for a recipient", to, f"no: {_REMOVED} {_DISCLOSED}"
    yield "five years of avg, asked for a recipient", asked(FIVE, "avg", recipient="om"), yes


def _decided(w: World) -> Iterator[Case]:
    """Without a case, which a hit has."""
    yes = "yes: decided-by-decider"
    for purpose, regime, at, told in (
        ("aangifte", "wpg", ONE + MOMENT, yes),
        ("aangifte", "wpg", ONE, f"no: {_HIT}"),
        ("aangifte", "avg", ONE, yes),
        ("opsporing", "wpg", ONE, f"no: {_HIT}"),
        ("opsporing", "wpg", FIVE + MOMENT, f"no: {_HIT}"),
        ("opsporing", "wpg", FIVE, f"no: {_REMOVED}"),
        ("klacht", "wpg", ONE, yes),
        ("inzageverzoek", "wpg", ONE, yes),
    ):
        situation = _deciding(w, purpose, at, regime, has_case_reference=False)
        yield f"{purpose} of {at:%Y}, {at.microsecond} under {regime}, without a case", situation, told


def _disclosed(w: World) -> Iterator[Case]:
    yes = "yes: decided-by-decider"
    for purpose, regime, at, told in (
        ("klacht", "wpg", FIVE + MOMENT, yes),
        ("klacht", "wpg", FIVE, f"no: {_DISCLOSED}"),
        ("klacht", "avg", FIVE, yes),
        ("inzageverzoek", "wpg", FIVE, yes),
        ("aangifte", "wpg", FIVE, f"no: {_REMOVED} {_DISCLOSED}"),
    ):
        situation = _deciding(w, purpose, at, regime, recipient="om")
        yield f"{purpose} of {at:%Y}, {at.microsecond} under {regime}, disclosed", situation, told


def _deciding(w: World, purpose: str, at: datetime, regime: str, **facts: Any) -> Situation:
    situation = w.decide("decider", resource=_made(w, at, regime), purpose=purpose)
    assert situation.request is not None
    return replace(situation, request=replace(situation.request, purpose=purpose, **facts))
