"""Reading signals.toml: the shared signals, a municipality's changes to them, and its own.

A municipality's table of the same name changes the shared one member by member; of another name it is a
signal of its own, and must be whole. Functions that take `problems` add to it what they find.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from policies.hours import OfficeHours
from policies.problems import Problem
from policies.signals.patterns import KINDS, Length, OutsideHours, Pattern, Table, Traits, steps
from policies.tables import Slug
from policies.terms import Title

SIGNALS = "signals.toml"
PLACEHOLDER = re.compile(r"\{(\w*)\}")
_SLUG = TypeAdapter(Slug)
_KINDS = frozenset(name for kind in KINDS for name in get_args(kind.model_fields["kind"].annotation))


class Signal(Table):
    """One signal: what it looks for, and how it explains itself."""

    id: Slug
    title: Title
    explanation: Title
    """What was found, with its figures: `{within}` and the like, those of its pattern."""
    does_not_mean: Title
    """What nobody may conclude from it."""
    once_per: Traits
    """It is raised once for each of these …"""
    quiet_for: Length
    """… for so long."""
    pattern: Annotated[Pattern, Field(discriminator="kind")]
    off: bool = False
    """A municipality that does not want it says so."""

    @property
    def events(self) -> frozenset[str]:
        """The events it looks at."""
        return frozenset(event for step in steps(self.pattern) for event in step.events)

    def with_hours(self, hours: OfficeHours) -> "Signal":
        """This signal, by the municipality's `hours` where it has none of its own."""
        if not isinstance(self.pattern, OutsideHours) or self.pattern.hours is not None:
            return self
        return self.model_copy(update={"pattern": self.pattern.model_copy(update={"hours": hours})})

    @model_validator(mode="after")
    def _can_be_told(self) -> "Signal":
        told = [set(PLACEHOLDER.findall(text)) for text in (self.explanation.nl, self.explanation.en)]
        unknown = sorted((told[0] | told[1]) - self.pattern.figures)
        if unknown:
            known = ", ".join(sorted(self.pattern.figures))
            raise ValueError(f"explanation: {{{unknown[0]}}} is no figure of this pattern; it has {known}")
        if told[0] != told[1]:
            raise ValueError("explanation: nl and en do not have the same figures")
        return self


def read_signals(
    texts: Mapping[str, str], municipality: str, problems: list[Problem]
) -> Mapping[str, Signal]:
    """The signals of a municipality, by id, those that are off left out.

    `texts` by path. Without a shared file, as in rule sets of before there were signals, there are none but
    the municipality's own.
    """
    shared_path, own_path = f"shared/{SIGNALS}", f"{municipality}/{SIGNALS}"
    shared = _tables(texts, shared_path, problems)
    own = _tables(texts, own_path, problems)
    found = {}
    for name in [*shared, *(name for name in own if name not in shared)]:
        path = own_path if name in own else shared_path
        signal = _signal(path, name, _changed(shared.get(name, {}), own.get(name, {})), problems)
        if signal is not None and not signal.off:
            found[name] = signal
    return MappingProxyType(found)


def _tables(texts: Mapping[str, str], path: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        tables = tomllib.loads(texts.get(path, ""))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(path, None, f"is not TOML: {error}"))
        return {}
    problems += [
        Problem(path, None, f"{name}: must be a table with the name of a signal")
        for name, table in tables.items()
        if not isinstance(table, dict)
    ]
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def _changed(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`shared` with what `own` says otherwise. Another kind of pattern is another pattern."""
    pattern = own.get("pattern")
    told = shared.get("pattern")
    if (
        isinstance(pattern, dict)
        and isinstance(told, dict)
        and pattern.get("kind") in (None, told.get("kind"))
    ):
        pattern = {**told, **pattern}
    changed = {**shared, **own}
    return {**changed, "pattern": pattern} if pattern is not None else changed


def _signal(path: str, name: str, table: dict[str, Any], problems: list[Problem]) -> Signal | None:
    try:
        _SLUG.validate_python(name)
    except ValidationError:
        problems.append(Problem(path, None, f"{name}: a signal is named in small letters and hyphens"))
        return None
    try:
        return Signal.model_validate({**table, "id": name})
    except ValidationError as invalid:
        problems += [Problem(path, None, text) for text in sorted(_wrong(name, invalid))]
        return None


def _wrong(name: str, invalid: ValidationError) -> Iterator[str]:
    for wrong in invalid.errors():
        # Pydantic names the kind of pattern between the pattern and its member: nobody wrote it there.
        place = ".".join(str(part) for part in (name, *wrong["loc"]) if part not in _KINDS)
        yield f"{place}: {wrong['msg'].removeprefix('Value error, ')}"
