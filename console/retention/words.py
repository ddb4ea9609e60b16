"""The words of the overview and of the dry run, in the two languages of the product."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from policies.retention import AMSTERDAM
from policies.words import TRIGGERS, Words
from vault.disposal.coming import Because
from vault.disposal.tables import Ground

Named = TypeVar("Named", bound=StrEnum)
BECAUSE = {
    Because.TERM_OVER: Words("termijn van {days} dagen om", "term of {days} days over"),
    Because.FOLLOW_UP_OVER: Words("termijn na {holds} om", "term after {holds} over"),
    Because.HELD: Words("blijft: {holds}", "stays: {holds}"),
    Because.STAYS: Words("blijft nog: termijn na {holds}", "stays yet: term after {holds}"),
}
GROUNDS = {
    Ground.TERM_OVER: Words("termijn om", "term over"),
    Ground.WRONGLY_RECORDED: Words("ten onrechte opgenomen", "wrongly recorded"),
    Ground.INSIDE_DWELLING: Words("in een woning opgenomen", "recorded inside a dwelling"),
    Ground.OBJECTION_GRANTED: Words("bezwaar toegewezen", "objection granted"),
}


def triggers_in(triggers: Iterable[str], language: str) -> str:
    """How reasons to hold are called."""
    return ", ".join(_called(TRIGGERS, trigger, language) for trigger in triggers)


def ground_in(ground: str, language: str) -> str:
    """How a ground to dispose is called."""
    return _called(GROUNDS, ground, language)


def moment(at: datetime) -> str:
    """A moment as a person in the Netherlands reads it."""
    return f"{at.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def day(at: date) -> str:
    """A day, likewise."""
    return f"{at:%d-%m-%Y}"


def _called(words: Mapping[Named, Words], name: str, language: str) -> str:
    """What this version does not know is called by its own name."""
    known = {each.value: said for each, said in words.items()}.get(name)
    return known.in_language(language) if known else name
