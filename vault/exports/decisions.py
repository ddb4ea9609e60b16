"""A record of each decision, as the Authorization Decision Log has it (Logius, working version 0.0.1).

`adl.core.request` and `adl.core.response` are in AuthZEN's form, with pseudonyms where AuthZEN has ids: who
may know the person behind one reads the trail, for a purpose, and is in it. The rules, the facts and the
software that decided are referred to, never copied.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from policies.facts import Action
from policies.rules import CANNOT_BE_EVALUATED
from vault.audit import Event
from vault.exports.entries import Told
from vault.keys import KeyNotHeld, KeyRing

Json = dict[str, Any]
Activity = Callable[[str, str | None], str | None]
"""The processing activity of a municipality, under a regime; None when it names none."""

EVALUATION = "adl.access_evaluation"
EVALUATIONS = "adl.access_evaluations"
SEARCH = "adl.search_resource"

_SEARCHES = {
    Event.RECORDINGS_FOUND: ("recording", Action.FIND),
    Event.REQUESTS_LISTED: ("request", Action.READ_REQUEST),
    Event.GRANTS_LISTED: ("grant", Action.READ_GRANT),
}
"""Events that answer with a list, of what kind, and what is decided on for each row of it."""
_ACTIONS = {Event.SEARCH_OPENED: Action.FIND, Event.SEARCH_DENIED: Action.FIND}
_KINDS = frozenset({"recording", "request", "grant", "trail"})
"""What can be asked about; any other word is the asker's own text, and not told."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One log record, by the names of the standard's interface."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    event_name: str
    timestamp: int
    """Milliseconds since 1970."""
    status: str
    attributes: Json = field(default_factory=dict)
    resource: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """The record as the standard writes it in JSON."""
        return {name: value for name, value in vars(self).items() if value not in (None, {})}


def records(question: Sequence[Told], ring: KeyRing, activity: Activity) -> list[Record]:
    """The record of one question's decision; none when nothing was decided."""
    first = question[0]
    if "dec" not in first.leaf:
        return []
    parts = [(_request(told, ring, activity), _response(told, ring)) for told in question]
    if len(question) > 1 or "batch" in first.leaf.get("facts", {}):
        name = EVALUATIONS
        request: Json = {"evaluations": [asked for asked, _ in parts]}
        response: Json = {"evaluations": [answer for _, answer in parts]}
    else:
        [(request, response)] = parts
        name = SEARCH if first.leaf["type"] in _SEARCHES else EVALUATION
    errs = any(CANNOT_BE_EVALUATED.id in told.leaf.get("why", ()) for told in question)
    municipality = first.leaf.get("org")
    return [
        Record(
            trace_id=first.trace,
            span_id=first.span,
            parent_span_id=first.leaf.get("par"),
            event_name=name,
            timestamp=first.leaf["t"],
            status="Error" if errs else "Unset",
            attributes=_attributes(question),
            resource=producer(municipality),
            body={"adl.core.request": request, "adl.core.response": response},
        )
    ]


def producer(municipality: str | None) -> Json:
    """Who made a record, for whoever gathers those of many: this software, for this municipality."""
    return {
        "service.name": "bodycam-vault",
        **({"service.namespace": municipality} if municipality else {}),
    }


def _request(told: Told, ring: KeyRing, activity: Activity) -> Json:
    leaf = told.leaf
    subject, action, resource = (
        _about_another(told, ring) if _is_about_another(told) else _about_oneself(told)
    )
    found = activity(leaf["org"], leaf.get("regime")) if "org" in leaf else None
    context = {"time": _rfc3339(leaf["t"]), "purpose": leaf.get("purpose")}
    if leaf["type"] in _SEARCHES:
        # What was looked for, if that has a name.
        context["search"] = leaf.get("obj")
    return {
        "subject": _given(subject),
        "action": {"name": action, **({"properties": {"processing_activity_id": found}} if found else {})},
        "resource": _given(resource),
        "context": _given(context),
    }


def _is_about_another(told: Told) -> bool:
    """Whether other software asked what somebody may do, and was answered; else the entry's actor acted."""
    evaluated = told.leaf["type"] == Event.DECISION_EVALUATED and "about" in told.details
    return evaluated and told.decided.get("action") != Action.EVALUATE


def _about_another(told: Told, ring: KeyRing) -> tuple[Json, str, Json]:
    """Subject, action and resource as they were asked about."""
    details = told.details
    kind = str(details["about"]["kind"])
    known = kind if kind in _KINDS else "unknown"
    return (
        {"type": "person", "id": _pseudonym(told, ring, "person", str(details["subject"]))},
        str(details["action"]),
        {"type": known, "id": _pseudonym(told, ring, known, str(details["about"]["id"]))},
    )


def _about_oneself(told: Told) -> tuple[Json, str, Json]:
    """Who acted, what they did and on what; a search names a kind of resource and no more."""
    leaf = told.leaf
    kind, default = _SEARCHES.get(leaf["type"], (None, _ACTIONS.get(leaf["type"], leaf["type"])))
    thing = {"type": told.thing[0] if told.thing else "unknown", "id": leaf.get("obj")}
    return (
        {"type": _who(told), "id": leaf["actor"]},
        str(told.decided.get("action", default)),
        {"type": kind} if kind else thing,
    )


def _who(told: Told) -> str:
    return str(told.payload["actor"]["kind"]) if told.payload else "person"


def _response(told: Told, ring: KeyRing) -> Json:
    leaf = told.leaf
    context: Json = {"reasons": [{"id": rule} for rule in leaf.get("why", ())]}
    if obligations := told.decided.get("obligations"):
        context["obligations"] = [{"id": each} for each in obligations]
    if listed := _SEARCHES.get(leaf["type"]):
        shown = told.details.get("shown")
        if shown is None:
            return {"context": {**context, "listed": leaf.get("facts", {}).get("listed", 0)}}
        kind = listed[0]
        results = [{"type": kind, "id": _pseudonym(told, ring, kind, each)} for each in shown]
        return {"results": [_given(result) for result in results], "context": context}
    return {"decision": leaf["dec"] == "allow", "context": context}


def _attributes(question: Sequence[Told]) -> Json:
    first = question[0]
    policies = {told.leaf["org"]: told.leaf["pol"] for told in question if "pol" in told.leaf}
    information: Json = {"trail": [{"index": told.index, "entry": str(told.id)} for told in question]}
    if situations := _distinct(told.details.get("situation") for told in question):
        information["facts"] = situations
    attributes: Json = {"adl.core.information": information}
    if policies:
        attributes["adl.core.policies"] = policies
    if engine := first.decided.get("engine"):
        attributes["adl.core.configuration"] = dict(engine)
    if subjects := _distinct(told.leaf.get("subj") for told in question):
        # So that access by one data subject spans both logs (ADL, Transparency and Subject Rights).
        attributes["dpl.core.data_subject_id"] = subjects[0] if len(subjects) == 1 else subjects
    return attributes


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value for value in values if value))


def _pseudonym(told: Told, ring: KeyRing, kind: str, value: str) -> str | None:
    """As the trail would name it at the time; nothing when the secret of that epoch is destroyed."""
    try:
        return ring.pseudonym(kind, value, epoch=told.leaf["epoch"])
    except KeyNotHeld:
        return None


def _given(members: Mapping[str, Any]) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _rfc3339(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
