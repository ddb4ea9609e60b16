"""A line of each processing of personal data, as the Logboek Dataverwerkingen has it (Logius, 0.8).

Who did it stands nowhere in a line: the standard keeps users out of it, and the trail has them. Data subjects
(betrokkenen) are the officers we know of: who made a recording, and who was registered as standing on it.
Citizens have no name here, so they have none there. One line for each; several stand under one of their own.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vault.audit import Event
from vault.exports.decisions import Activity, Json, producer
from vault.exports.entries import Told
from vault.keys import KeyNotHeld, KeyRing
from vault.tables import Depiction, Grant, Recording, Request

Draft = Literal["0.8", "2025", "2024"]
"""Which text of the standard: they differ in where the caller's span stands."""
CALLER_ELSEWHERE: Mapping[str, str] = {"2025": "span_id", "2024": "operation_id"}
"""Drafts in which a parent is of one's own application only, and how they call a span of another's."""

_SPAN = b"bodycam-vault/ldv-span/v1\0"
_MOST_AT_ONCE = 5000
"""Ids in one question to the database; each of its kinds has an end to how many it takes."""
_ENDS_ANOTHER = frozenset({Event.VIEWING_COMPLETED})
"""The end of what a line was written of already."""
_OPERATIONS = {
    "collect": "Gegevens vastgelegd",
    "alter": "Gegevens gewijzigd",
    "consult": "Gegevens geraadpleegd",
    "disclose": "Gegevens verstrekt",
    "combine": "Gegevens gecombineerd",
    "erase": "Gegevens gewist",
}
"""What a line is called when its event has no name of its own."""
_NAMES = {
    Event.RECORDING_ANNOUNCED: "Opname aangemeld door een dockingstation",
    Event.RECORDING_KEPT: "Opname opgeslagen",
    Event.RECORDING_QUARANTINED: "Opname in quarantaine geplaatst",
    Event.RECORDING_DUPLICATED: "Opname nogmaals aangeboden",
    Event.ARRIVAL_TERMINATED: "Onvolledige opname verwijderd door het dockingstation",
    Event.ARRIVAL_REAPED: "Onvolledige opname opgeruimd",
    Event.REQUEST_SUBMITTED: "Verzoek om beelden te bekijken ingediend",
    Event.REQUEST_ALLOWED: "Verzoek om beelden te bekijken toegestaan",
    Event.REQUEST_APPROVED: "Verzoek om beelden te bekijken goedgekeurd",
    Event.REQUEST_REJECTED: "Verzoek om beelden te bekijken afgewezen",
    Event.REQUEST_READ: "Verzoek om beelden te bekijken ingezien",
    Event.REQUESTS_LISTED: "Lijst van verzoeken ingezien",
    Event.DECISION_EVALUATED: "Gevraagd wat de regels zouden toestaan",
    Event.DECISION_EXPLAINED: "Besluit uitgelegd",
    Event.GRANT_READ: "Toestemming om te bekijken ingezien",
    Event.GRANTS_LISTED: "Lijst van toestemmingen ingezien",
    Event.SEARCH_OPENED: "Zoekvraag naar opnamen geopend",
    Event.RECORDINGS_FOUND: "Opnamen gezocht",
    Event.VIEWING_SERVED: "Beelden bekeken",
    Event.TRAIL_READ: "Inzagelog gelezen",
    Event.TRAIL_EXPORTED: "Uittreksel van het inzagelog gemaakt",
    Event.SIGNAL_READ: "Signaal gelezen",
    Event.SIGNALS_LISTED: "Lijst van signalen ingezien",
    Event.EVIDENCE_MADE: "Verantwoording opgesteld",
    Event.RIGHTS_REVIEWED: "Overzicht van rechten opgesteld",
    Event.OFFICER_DEPICTED: "Handhaver op een opname geregistreerd",
    Event.RULES_EXAMINED: "Gevolgen van andere regels bekeken",
}
_LISTS = {
    Event.RECORDINGS_FOUND: select(Recording.id, Recording.id),
    Event.REQUESTS_LISTED: select(Request.id, Request.recording_id),
    Event.GRANTS_LISTED: select(Grant.id, Grant.recording_id),
}
"""What was shown in a list, and the recording each of it is about."""
_IDENTIFIERS = {
    Event.RECORDINGS_FOUND: Recording.id,
    Event.REQUESTS_LISTED: Request.id,
    Event.GRANTS_LISTED: Grant.id,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One log line, by the names of the standard's interface."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_time: int
    end_time: int
    """Milliseconds since 1970. An entry is of a moment, so both are that."""
    attributes: Json
    status: str = "Unset"
    """What failed left no entry, and so there is no line of it either."""
    resource: Json = field(default_factory=dict)
    """What the standard has under `resource.attributes`."""


def is_processing(told: Told) -> bool:
    """Whether the entry tells of personal data being processed: a denial shows none, and is in the ADL."""
    leaf = told.leaf
    # Permitted, and denied all the same: an obligation could not be met, and nothing was shown.
    denied = leaf.get("dec") == "deny" or str(leaf["type"]).endswith(".denied")
    return leaf["op"] != "system" and not denied and leaf["type"] not in _ENDS_ANOTHER


def subjects(session: Session, entries: Iterable[Told]) -> dict[int, frozenset[str]]:
    """The persons whom each entry is about, by its index: makers of recordings, and who stands on them."""
    about = _recordings(session, entries)
    wanted = {recording for found in about.values() for recording in found}
    persons: dict[UUID, set[str]] = defaultdict(set)
    for some in _pieces(wanted):
        for query in (
            select(Recording.id, Recording.officer_id).where(Recording.id.in_(some)),
            select(Depiction.recording_id, Depiction.person_id).where(Depiction.recording_id.in_(some)),
        ):
            for recording, person in session.execute(query):
                persons[recording].add(str(person))
    return {
        index: frozenset[str]().union(*(persons[recording] for recording in found))
        for index, found in about.items()
    }


def lines(told: Told, about: Iterable[str], ring: KeyRing, activity: Activity, draft: Draft) -> list[Line]:
    """The lines of one processing that concerns the persons `about`."""
    leaf = told.leaf
    whom = sorted(_pseudonyms(told, about, ring))
    common: Json = {
        "trace_id": told.trace,
        "name": _NAMES.get(leaf["type"], f"{_OPERATIONS[leaf['op']]} ({leaf['type']})"),
        "start_time": leaf["t"],
        "end_time": leaf["t"],
        "resource": producer(leaf.get("org")),
    }
    base: Json = {"dpl.core.processing_activity_id": _activity(leaf, activity)}
    parent, caller = _caller(told, draft)
    span = told.span
    if "batch" in leaf.get("facts", {}):
        # One of several parts of a question: the question's own span is that of its decision record.
        parent, span = told.span, _derived(told, "")
    if len(whom) <= 1:
        mine = {**base, **caller, **(_subject(told, whom[0]) if whom else {})}
        return [Line(span_id=span, parent_span_id=parent, attributes=mine, **common)]
    return [
        Line(span_id=span, parent_span_id=parent, attributes={**base, **caller}, **common),
        *(
            Line(
                span_id=_derived(told, one),
                parent_span_id=span,
                attributes={**base, **_subject(told, one)},
                **common,
            )
            for one in whom
        ),
    ]


def missing_activity(municipality: str) -> str:
    """What stands for the processing activity of a municipality whose rule set names none: says just that."""
    return f"urn:bodycam-vault:processing-activity-not-registered:{municipality}"


def _activity(leaf: Mapping[str, Any], activity: Activity) -> str:
    municipality = str(leaf.get("org", "none"))
    return activity(municipality, leaf.get("regime")) or missing_activity(municipality)


def _subject(told: Told, pseudonym: str) -> Json:
    return {
        "dpl.core.data_subject_id": pseudonym,
        "dpl.core.data_subject_id_type": f"urn:bodycam-vault:pseudonym:person:{told.leaf['epoch']}",
    }


def _caller(told: Told, draft: Draft) -> tuple[str | None, Json]:
    """The caller's span: as the parent, or in drafts where that is one's own, as a foreign operation."""
    parent = told.leaf.get("par")
    name = CALLER_ELSEWHERE.get(draft)
    if parent is None or name is None:
        return parent, {}
    foreign = "dpl.core.foreign_operation"
    return None, {f"{foreign}.trace_id": told.trace, f"{foreign}.{name}": parent}


def _pseudonyms(told: Told, about: Iterable[str], ring: KeyRing) -> frozenset[str]:
    """As the trail names them; whom the leaf names is one of them, also when the rest cannot be told."""
    named = {told.leaf["subj"]} if "subj" in told.leaf else set()
    try:
        others = {ring.pseudonym("person", person, epoch=told.leaf["epoch"]) for person in about}
    except KeyNotHeld:
        others = set()
    return frozenset(named | others)


def _derived(told: Told, part: str) -> str:
    """A span below an entry's, the same each time it is told: from the random bits of the entry's id."""
    return hashlib.sha256(_SPAN + told.id.bytes + part.encode()).hexdigest()[:16]


def _recordings(session: Session, entries: Iterable[Told]) -> dict[int, set[UUID]]:
    """The recordings that each entry is about, by its index."""
    about: dict[int, set[UUID]] = defaultdict(set)
    listed: dict[str, list[Told]] = defaultdict(list)
    for told in entries:
        if told.thing and told.thing[0] == "recording":
            about[told.index].add(UUID(told.thing[1]))
        if told.leaf["type"] in _LISTS:
            listed[told.leaf["type"]].append(told)
    for event, found in listed.items():
        _of_lists(session, Event(event), found, about)
    return about


def _of_lists(session: Session, event: Event, entries: Sequence[Told], about: dict[int, set[UUID]]) -> None:
    shown = {told.index: [UUID(each) for each in told.details.get("shown", ())] for told in entries}
    wanted = {each for ids in shown.values() for each in ids}
    recording_of: dict[UUID, UUID] = {}
    for some in _pieces(wanted):
        query = _LISTS[event].where(_IDENTIFIERS[event].in_(some))
        recording_of |= {row[0]: row[1] for row in session.execute(query)}
    for index, ids in shown.items():
        about[index] |= {recording_of[each] for each in ids if each in recording_of}


def _pieces(ids: set[UUID]) -> Iterator[list[UUID]]:
    """The ids, so many at a time."""
    every = sorted(ids)
    return (every[first : first + _MOST_AT_ONCE] for first in range(0, len(every), _MOST_AT_ONCE))
