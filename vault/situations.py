"""Situations as JSON and in words: what a decision was made on, kept with it, to be read years later.

Ids only, never a name. What stands here is the whole of what the rules looked at, so that the same rules come
to the same answer from it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from policies.facts import Action, Recording, Request, Situation
from policies.retention import AMSTERDAM, UNTIL_RELEASED, days_between
from vault.canonical import canonical

Json = dict[str, Any]
VERSION = 1
"""Of this form; a later one must go on reading it."""
_SITUATION = TypeAdapter(Situation)
_LAST_YEAR = 9000
"""The calendar ends a thousand years later; any term still fits, in any zone."""


class SituationUnreadable(Exception):
    """The facts of this decision cannot be read: a later version wrote them, or somebody changed them."""


def as_json(situation: Situation) -> Json:
    """The situation as it is stored beside its decision."""
    return {"v": VERSION, **_SITUATION.dump_python(situation, mode="json")}


def of_json(stored: object) -> Situation:
    """The situation that `as_json` made this of. Raises SituationUnreadable.

    A fact that later versions added is absent from what earlier ones stored, and then counts as not so.
    """
    if not isinstance(stored, dict):
        raise SituationUnreadable
    given = {name: value for name, value in stored.items() if name != "v"}
    try:
        found = _SITUATION.validate_python(given)
    except ValidationError as error:
        raise SituationUnreadable from error
    # A fact that we do not know may have decided it, and would be passed over.
    if stored.get("v") != VERSION or not _within(given, _SITUATION.dump_python(found, mode="json")):
        raise SituationUnreadable
    # Nobody can count days from a moment without a zone, nor beyond the calendar's end.
    if not all(moment.tzinfo and moment.year < _LAST_YEAR for moment in _moments(found)):
        raise SituationUnreadable
    return found


def are_names(stored: object) -> bool:
    """Whether this is a list of names, as it was stored; whoever changed it may have put anything there."""
    return isinstance(stored, list) and all(isinstance(name, str) for name in stored)


def fingerprint(stored: Json) -> str:
    """SHA-256 of stored facts, by which the trail knows them."""
    return hashlib.sha256(canonical(stored)).hexdigest()


def _moments(fact: object) -> Iterator[datetime]:
    """Every moment among these facts."""
    if isinstance(fact, datetime):
        yield fact
    elif is_dataclass(fact):
        for each in fields(fact):
            yield from _moments(getattr(fact, each.name))


def _within(given: object, known: object) -> bool:
    """Whether each member that is given is one we know."""
    if isinstance(given, dict) and isinstance(known, dict):
        return all(name in known and _within(value, known[name]) for name, value in given.items())
    return True


_WORDS = {
    "nl": {
        "ask": "Gevraagd: beelden bekijken",
        "decide": "Gevraagd: over een verzoek beslissen",
        "purpose": "Doel",
        "person": "Wie",
        "role": "met de rollen",
        "of": "van",
        "team": "team",
        "nobody": "geen",
        "inactive": "niet (meer) actief",
        "recording": "Opname",
        "recorded": "opgenomen",
        "due": "bewaartermijn tot",
        "held": "vastgehouden, tot dat wordt opgeheven",
        "maker": "gemaakt door wie het vraagt",
        "depicted": "wie het vraagt staat erop",
        "requested": "Verzoek",
        "asked": "gevraagd op dag",
        "own": "het eigen verzoek van wie beslist",
        "recipient": "te verstrekken aan",
        "viewers": "anderen die deze beelden mochten zien",
        "now": "Moment",
    },
    "en": {
        "ask": "Asked: to see footage",
        "decide": "Asked: to decide on a request",
        "purpose": "Purpose",
        "person": "Who",
        "role": "with the roles",
        "of": "of",
        "team": "team",
        "nobody": "none",
        "inactive": "not, or no longer, active",
        "recording": "Recording",
        "recorded": "recorded",
        "due": "kept until",
        "held": "held, until that is lifted",
        "maker": "made by who asks",
        "depicted": "who asks stands on it",
        "requested": "Request",
        "asked": "asked on day",
        "own": "the decider's own request",
        "recipient": "to be disclosed to",
        "viewers": "others who were allowed to see this footage",
        "now": "Moment",
    },
}
_DECLARED = {
    "has_case_reference": ("zaaknummer genoemd", "case reference named"),
    "complaint_filed": ("klacht ingediend", "complaint filed"),
    "criminal_complaint_filed": ("aangifte gedaan", "criminal complaint filed"),
    "demand_received": ("vordering ontvangen", "demand received"),
    "subject_depicted": ("betrokkene staat er zelf op", "the data subject stands on it"),
    "demonstrable_interest": ("aantoonbaar belang", "demonstrable interest"),
    "at_officers_request": ("op verzoek van de handhaver", "at the officer's request"),
    "safety_incident": ("veiligheidsincident vastgelegd", "safety incident on record"),
    "integrity_investigation": ("integriteitsonderzoek geopend", "integrity investigation opened"),
}


def in_words(situation: Situation, language: str) -> Iterator[str]:
    """The facts, a line each, in `language` ("nl" or "en"). People by their ids."""
    words = _WORDS[language]
    person, none = situation.person, words["nobody"]
    yield words.get(situation.action, situation.action.value)
    yield f"{words['purpose']}: {situation.purpose}"
    yield f"{words['now']}: {_told(situation.now)}"
    who = [
        f"{person.id} {words['of']} {person.municipality or none}",
        f"{words['role']} {_listed(person.roles) or none}",
        f"{words['team']} {_listed(person.teams) or none}",
    ]
    yield f"{words['person']}: {'; '.join(who if person.active else [*who, words['inactive']])}"
    if isinstance(situation.resource, Recording):
        yield f"{words['recording']}: {'; '.join(_footage(situation, situation.resource, words))}"
        if situation.request is not None:
            asked = _request(situation, situation.resource, situation.request, language)
            yield f"{words['requested']}: {'; '.join(asked)}"


def _footage(situation: Situation, recording: Recording, words: dict[str, str]) -> Iterator[str]:
    yield f"{recording.id} {words['of']} {recording.municipality}"
    yield f"{words['team']} {recording.team or words['nobody']}"
    yield f"{words['recorded']} {_told(recording.recorded_at)}"
    due = recording.dispose_after
    yield words["held"] if due == UNTIL_RELEASED else f"{words['due']} {_told(due)}"
    yield recording.regime
    yield recording.state
    if recording.maker == situation.person.id:
        yield words["maker"]
    if situation.person.id in recording.depicted:
        yield words["depicted"]


def _request(situation: Situation, recording: Recording, request: Request, language: str) -> Iterator[str]:
    words = _WORDS[language]
    yield f"{words['asked']} {days_between(recording.recorded_at, request.asked_at)}"
    yield from (texts[language == "en"] for name, texts in _DECLARED.items() if getattr(request, name))
    if request.recipient is not None:
        yield f"{words['recipient']} {request.recipient}"
    yield f"{words['viewers']}: {request.other_viewers}"
    if situation.action is Action.DECIDE and request.requester == situation.person.id:
        yield words["own"]


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M} (Amsterdam)"
