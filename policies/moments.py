"""Moments as Cedar counts them, and as Python tells them."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, get_args

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Since 1970; what is less than a whole one is cut off. Raises TypeError for a time without zone."""
    return (moment - _BEGAN) // _MILLISECOND


def folds(*things: object) -> tuple[int, ...]:
    """Of the moments in these: the hour that comes twice in autumn is equal to itself, an hour later."""
    found: list[int] = []
    for thing in filter(None, things):
        names = _moments_of(type(thing))  # type: ignore[arg-type]  # mypy takes a class for no key
        found += [moment.fold for name in names if (moment := getattr(thing, name)) is not None]
    return tuple(found)


@cache
def _moments_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if datetime in (each.type, *get_args(each.type)))
