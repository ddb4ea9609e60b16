"""What can be asked of the trail: filters that all have to hold, and for which purpose they are asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from vault.ids import RecordingId
from vault.keys import KeyRing
from vault.trail.terms import Kind, Value, term
from vault.trail.words import reference, words

Alternatives = tuple[bytes, ...]
"""Terms of which an entry must have one: the same value, in the clear or in each epoch."""


@dataclass(frozen=True)
class Question:
    """What someone wants to see of a municipality's trail, and what for. What is None is not asked for."""

    municipality: str
    purpose: str
    """What it is read for (doel). Not to be taken for `for_purpose`."""
    recording: RecordingId | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    event: str | None = None
    person: UUID | None = None
    """Who did it."""
    accesses_of: UUID | None = None
    """Whose accesses: what they asked for, what was decided on it and by whom, what they watched."""
    officer: UUID | None = None
    """Whose recordings it is about."""
    camera: str | None = None
    """Serial number; as for `case`, how it is written does not matter."""
    case: str | None = None
    """Case or incident number (zaaknummer); how it is written does not matter."""
    for_purpose: str | None = None
    """The purpose that was asked for, allowed or not."""
    decision: str | None = None
    """"allow" or "deny"."""
    rule: str | None = None
    regime: str | None = None
    approver: UUID | None = None
    recipient: str | None = None
    words: str | None = None
    """Whole words of the reason; each of them has to be in it."""
    out_of_hours: bool = False
    without_completion: bool = False
    newest_first: bool = False
    after: int | None = None
    """Number of the last entry of the page before."""
    most: int = 50

    def filters(self) -> dict[str, str]:
        """What was asked for, as its entry tells: by name, without what was left open."""
        told: Iterator[tuple[str, Any]] = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in told
            if name not in _NO_FILTERS and value not in (None, False)
        }


_NO_FILTERS = frozenset({"municipality", "purpose", "newest_first", "after", "most"})
_IN_THE_CLEAR: Mapping[Kind, str] = {
    Kind.EVENT: "event",
    Kind.DECISION: "decision",
    Kind.RULE: "rule",
    Kind.REGIME: "regime",
    Kind.PURPOSE: "for_purpose",
}
_OF_PSEUDONYMS: Mapping[Kind, tuple[str, str]] = {
    Kind.THING: ("recording", "recording"),
    Kind.PERSON: ("person", "person"),
    Kind.ACCESS: ("person", "accesses_of"),
    Kind.OFFICER: ("person", "officer"),
    Kind.APPROVER: ("person", "approver"),
    Kind.RECIPIENT: ("recipient", "recipient"),
    Kind.PURPOSE: ("purpose", "for_purpose"),
}
"""By kind of term: what the pseudonym is of, and which member of the question holds the value."""


def filters(question: Question, ring: KeyRing) -> list[Alternatives]:
    """The filters of a question, the narrow kinds first; each entry that is found has a term of every one.

    Raises NothingToFind when there are words or a number to look for, and nothing is left of them.
    """
    secret: dict[Kind, list[tuple[str, str]]] = {}
    for kind, (named, member) in _OF_PSEUDONYMS.items():
        if (value := getattr(question, member)) is not None:
            secret[kind] = [(named, str(value))]
    found = [_terms(question, kind, values, ring) for kind, values in secret.items() if kind != Kind.PURPOSE]
    for kind, written in ((Kind.CASE, question.case), (Kind.CAMERA, question.camera)):
        found += [_terms(question, kind, [(kind.value, each)], ring) for each in _reference(written)]
    found += [_terms(question, Kind.WORD, [("word", word)], ring) for word in _words(question)]
    if question.without_completion:
        found.append((term(question.municipality, Value(Kind.UNCOMPLETED, "")),))
    if question.out_of_hours:
        found.append((term(question.municipality, Value(Kind.HOURS, "out")),))
    for kind, member in _IN_THE_CLEAR.items():
        if (value := getattr(question, member)) is not None:
            plain = term(question.municipality, Value(kind, value))
            found.append((plain, *_terms(question, kind, secret.get(kind, []), ring)))
    return found or [(term(question.municipality, Value(Kind.ALL, "")),)]


class NothingToFind(Exception):
    """Nothing is left to look for: a word needs three letters, and must not be one that every text has."""


def _words(question: Question) -> list[str]:
    if question.words is None:
        return []
    if not (found := words(question.words)):
        raise NothingToFind
    return found


def _reference(written: str | None) -> list[str]:
    if written is None:
        return []
    if not (found := reference(written)):
        raise NothingToFind
    return [found]


def _terms(question: Question, kind: Kind, values: list[tuple[str, str]], ring: KeyRing) -> Alternatives:
    """A value's terms, one for each epoch, the newest first."""
    return tuple(
        term(question.municipality, Value(kind, ring.pseudonym(named, value, epoch=epoch)))
        for epoch in ring.epochs
        for named, value in values
    )
