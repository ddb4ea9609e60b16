"""Terms: by what an entry of the trail is found. A blind index, derived from the entry and nothing else new.

A term is 16 bytes of a SHA-256 over a municipality, a kind and a value. Values that stand in the leaf in the
clear (event, purpose, rule …) go in as they are. Everything else (people, recordings, case numbers, words of
a reason) goes in as a pseudonym of the entry's epoch: without that epoch's secret a term cannot be guessed,
and when the secret is destroyed nobody can look for it any more (docs/decisions/blind-index.md).
"""

import enum
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from vault.audit import Event
from vault.trail.words import reference, words

_TERM = b"bodycam-trail/term/v1\0"
TERM_LENGTH = 16
Pseudonym = Callable[[str, str], str]
"""Of a kind and a value, in the epoch of the entry."""


class Kind(enum.StrEnum):
    """What a term is of. A value goes into terms for ever: never give one another meaning."""

    ALL = "all"
    """Every entry of the municipality; its value is empty."""
    EVENT = "event"
    DECISION = "decision"
    RULE = "rule"
    REGIME = "regime"
    PURPOSE = "purpose"
    HOURS = "hours"
    """Value "out": out of hours."""
    UNCOMPLETED = "uncompleted"
    """A range that was served and whose completion has not come; its value is empty."""
    PERSON = "person"
    """Who did it."""
    OFFICER = "officer"
    """The officer whose recording it is about."""
    ACCESS = "access"
    """Whose access it is about: who asks or watches, also where another decides on it."""
    APPROVER = "approver"
    """Who approved: the approval itself, and what was done under it."""
    THING = "thing"
    """What it was done to, such as a recording; also recordings that were found."""
    CAMERA = "camera"
    CASE = "case"
    RECIPIENT = "recipient"
    WORD = "word"
    """A word of the reason."""


class Value(NamedTuple):
    """A kind and a value in the form that goes into a term: in the clear, or a pseudonym."""

    kind: Kind
    value: str


def term(municipality: str, value: Value) -> bytes:
    """The term of a value for the entries of one municipality."""
    told = "\0".join((municipality, value.kind, value.value))
    return hashlib.sha256(_TERM + told.encode()).digest()[:TERM_LENGTH]


_OWN = frozenset(
    {
        Event.REQUEST_SUBMITTED,
        Event.REQUEST_ALLOWED,
        Event.REQUEST_REFUSED,
        Event.REQUEST_READ,
        Event.REQUESTS_LISTED,
        Event.GRANT_READ,
        Event.GRANTS_LISTED,
        Event.VIEWING_SERVED,
        Event.VIEWING_DENIED,
        Event.VIEWING_COMPLETED,
        Event.SEARCH_OPENED,
        Event.SEARCH_DENIED,
        Event.SEARCH_CLOSED,
        Event.RECORDINGS_FOUND,
        Event.DECISION_EXPLAINED,
    }
)
"""The access is that of who did it."""
_OF_ANOTHER = {
    Event.REQUEST_APPROVED: "requester",
    Event.REQUEST_REJECTED: "requester",
    Event.DECISION_DENIED: "requester",
    Event.GRANT_REVOKED: "holder",
    Event.REVOCATION_DENIED: "holder",
}
"""The access is that of whom the details name here."""


def of_leaf(leaf: Mapping[str, Any]) -> Iterator[Value]:
    """What the leaf alone says: it can be derived again as long as the entry stands."""
    yield Value(Kind.ALL, "")
    yield Value(Kind.EVENT, leaf["type"])
    yield Value(Kind.PERSON, leaf["actor"])
    if leaf["type"] in _OWN:
        yield Value(Kind.ACCESS, leaf["actor"])
    for member, kind in IN_LEAF.items():
        if member in leaf:
            yield Value(kind, leaf[member])
    for rule in leaf.get("why", ()):
        yield Value(Kind.RULE, rule)


IN_LEAF = {
    "obj": Kind.THING,
    "subj": Kind.OFFICER,
    "dec": Kind.DECISION,
    "regime": Kind.REGIME,
    "purpose": Kind.PURPOSE,
}


def of_payload(leaf: Mapping[str, Any], payload: Mapping[str, Any], named: Pseudonym) -> Iterator[Value]:
    """What the payload says besides: it can be derived again as long as the payload opens."""
    event, details = leaf["type"], payload["details"]
    if event in _OF_ANOTHER and (other := details.get(_OF_ANOTHER[Event(event)])):
        yield Value(Kind.ACCESS, named("person", other))
    if event == Event.REQUEST_APPROVED:
        yield Value(Kind.APPROVER, named("person", payload["actor"]["id"]))
    if event == Event.RECORDINGS_FOUND:
        for recording in details.get("shown", ()):
            yield Value(Kind.THING, named("recording", recording))
    if case := reference(details.get("caseReference") or ""):
        yield Value(Kind.CASE, named("case", case))
    if recipient := details.get("recipient"):
        yield Value(Kind.RECIPIENT, named("recipient", recipient))
    if "purpose" not in leaf and (purpose := details.get("purpose")):
        # One that is on no list, and may be any text.
        yield Value(Kind.PURPOSE, named("purpose", purpose))
    for word in words(details.get("reason") or ""):
        yield Value(Kind.WORD, named("word", word))
