"""Conditions on facts that are not known yet: what is left of the rules when everything else is known.

Each is true or false of any row; there is no third answer, so that "not" means the same in SQL as here.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that each row has its own of, such as `recording.maker`."""

    name: str
    kind: str
    """What it is by the schema: an entity's type, `datetime`, `Bool`, `String`, or `Set` of persons."""


@dataclass(frozen=True, slots=True)
class Always:
    """True of every row, or of none."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All of these are true."""

    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these is true."""

    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class No:
    """This is not true."""

    of: "Condition"


@dataclass(frozen=True, slots=True)
class Among:
    """The fact is one of these: ids of entities, texts, or true."""

    fact: Fact
    values: frozenset[str | bool]


@dataclass(frozen=True, slots=True)
class Same:
    """Two facts of a row are the same entity or text."""

    fact: Fact
    other: Fact


@dataclass(frozen=True, slots=True)
class Before:
    """The moment is earlier than this one, which has whole milliseconds."""

    fact: Fact
    moment: datetime


@dataclass(frozen=True, slots=True)
class Present:
    """The row has this fact at all."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Contains:
    """A set of persons has this one in it, known by id or by another fact of the row."""

    fact: Fact
    person: str | Fact


@dataclass(frozen=True, slots=True)
class Empty:
    """A set of persons has nobody in it."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Undecided:
    """Known as soon as it is asked, and not before: stands where rules are only checked."""


Condition = Always | Every | Some | No | Among | Same | Before | Present | Contains | Empty | Undecided
# One of each, so that it is enough to look whether it is that one.
ALWAYS, NEVER, UNDECIDED = Always(True), Always(False), Undecided()


def always(holds: bool) -> Condition:
    """The condition that is true of every row when this holds, and else of none."""
    return ALWAYS if holds else NEVER


def every(*conditions: Condition) -> Condition:
    """All of them, without what goes without saying."""
    left: list[Condition] = []
    for each in conditions:
        if each is NEVER:
            return NEVER
        if each is not ALWAYS and each not in left:
            left.append(each)
    return left[0] if len(left) == 1 else Every(tuple(left)) if left else ALWAYS


def some(*conditions: Condition) -> Condition:
    """At least one of them, without what can never be."""
    left: list[Condition] = []
    for each in conditions:
        if each is ALWAYS:
            return ALWAYS
        if each is not NEVER and each not in left:
            left.append(each)
    return left[0] if len(left) == 1 else Some(tuple(left)) if left else NEVER


def no(condition: Condition) -> Condition:
    """The opposite."""
    match condition:
        case Always(holds):
            return always(not holds)
        case No(of):
            return of
    return No(condition)
