"""The closed set of patterns that a signal can be made of, as its data says them (signals.toml).

None of them counts, compares or ranks what one person did over all they did (WOR art. 27 lid 1 onder l): a
count is of persons by recording, or of the approvals between two persons. A pattern that could is not to be
added; `tests/policies/signals/test_no_ranking.py` looks.
"""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from policies.hours import OfficeHours
from policies.signals.happening import Happening, Trait, Watched

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH = re.compile(r"([1-9]\d{0,4})([smhd])")
LONGEST = timedelta(days=366)
"""What is remembered to find a pattern is not remembered longer."""


def _length(value: object) -> timedelta:
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError('must be a number and s, m, h or d, such as "10s" or "24h"')
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if length > LONGEST:
        raise ValueError("must not be longer than 366d")
    return length


def _once_each(traits: tuple[Trait, ...]) -> tuple[Trait, ...]:
    if len(set(traits)) < len(traits):
        raise ValueError("names one twice")
    return traits


Length = Annotated[timedelta, BeforeValidator(_length)]
Traits = Annotated[
    tuple[Annotated[Trait, Field(strict=False)], ...],
    Field(strict=False, min_length=1),
    AfterValidator(_once_each),
]


class Table(BaseModel):
    """A table of the file: what is spelled wrong, or of another kind, is refused and not passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Step(Table):
    """One of these events, with this decision where one is named."""

    events: Annotated[tuple[Watched, ...], Field(strict=False, min_length=1)]
    decision: Literal["allow", "deny"] | None = None

    def fits(self, happening: Happening) -> bool:
        """Whether this happening is such a step."""
        return happening.event in self.events and self.decision in (None, happening.decision)


class ThenWithin(Table):
    """First one thing and then another, about the same, soon after."""

    figures: ClassVar = frozenset({"after", "within"})

    kind: Literal["then-within"]
    first: Step
    then: Step
    same: Traits
    different: Annotated[tuple[Annotated[Trait, Field(strict=False)], ...], Field(strict=False)] = ()
    """What must differ between the two."""
    within: Length


class ManyDifferent(Table):
    """Many different persons with one recording, or with one request."""

    figures: ClassVar = frozenset({"persons", "at_least", "within"})

    kind: Literal["many-different"]
    of: Step
    different: Literal["person"]
    per: Literal["recording", "request"]
    at_least: Annotated[int, Field(ge=2, le=1000)]
    within: Length


class Mutual(Table):
    """Two persons, each of whom did it to the other."""

    figures: ClassVar = frozenset({"there", "back", "times", "within"})

    kind: Literal["mutual"]
    of: Step
    times: Annotated[int, Field(ge=1, le=100)]
    """By each of the two, at least."""
    within: Length


class MissingAfter(Table):
    """One thing, and what should have followed did not: within a time, or before the grant ended."""

    figures: ClassVar = frozenset({"within"})

    kind: Literal["missing-after"]
    first: Step
    then: Step
    same: Traits
    within: Length | None = None
    until: Literal["grant-ends"] | None = None

    @model_validator(mode="after")
    def _one_end(self) -> "MissingAfter":
        if (self.within is None) == (self.until is None):
            raise ValueError("needs either within or until")
        return self


class OutsideHours(Table):
    """Something out of hours (buiten kantooruren); without hours of its own, those of the municipality."""

    figures: ClassVar = frozenset({"clock", "begin", "until"})

    kind: Literal["outside-hours"]
    of: Step
    hours: OfficeHours | None = None


class ShortlyBefore(Table):
    """Something shortly before the footage it is about is due for disposal."""

    figures: ClassVar = frozenset({"left", "within"})

    kind: Literal["shortly-before"]
    of: Step
    before: Literal["disposal"]
    within: Length


Pattern = ThenWithin | ManyDifferent | Mutual | MissingAfter | OutsideHours | ShortlyBefore
KINDS = (ThenWithin, ManyDifferent, Mutual, MissingAfter, OutsideHours, ShortlyBefore)
"""All of them. `figures` of each: what its explanation can be filled in with."""


def steps(pattern: Pattern) -> tuple[Step, ...]:
    """What a pattern is made of."""
    if isinstance(pattern, ThenWithin | MissingAfter):
        return (pattern.first, pattern.then)
    return (pattern.of,)
