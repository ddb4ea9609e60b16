"""Facts that are what they say they are.

Cedar refuses facts of the wrong shape, also those that no rule looks at, and then the answer is no. Whoever
answers without showing all of them to Cedar looks here first.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

_Fits = Callable[[Any], bool]
_LONG = 2**63


def plain(facts: object) -> bool:
    """Whether each member of these facts is of the type it is declared with, and one that Cedar can read.

    That a purpose or a role is on its list is not asked. Raises UnicodeEncodeError, a ValueError, for a name
    that is no text.
    """
    return all(fits(getattr(facts, name)) for name, fits in _members(type(facts)))  # type: ignore[arg-type]


def _is_text(value: Any) -> bool:
    # A half of a pair of surrogates is no text to anybody but Python.
    return isinstance(value, str) and (value.isascii() or value.encode() != b"")


def _is_moment(value: Any) -> bool:
    # In the first and the last year it may be a moment that UTC has not.
    return isinstance(value, datetime) and value.tzinfo is not None and 1 < value.year < 9999


_TYPES: Mapping[Any, _Fits] = {
    UUID: lambda value: isinstance(value, UUID),
    str: _is_text,
    # To Python 1 is True; to Cedar it is no truth.
    bool: lambda value: value is True or value is False,
    int: lambda value: type(value) is int and -_LONG <= value < _LONG,
    datetime: _is_moment,
    frozenset[UUID]: lambda value: (
        isinstance(value, frozenset) and all(isinstance(each, UUID) for each in value)
    ),
    frozenset[str]: lambda value: isinstance(value, frozenset) and all(map(_is_text, value)),
    str | None: lambda value: value is None or _is_text(value),
}


@cache
def _members(kind: type[Any]) -> tuple[tuple[str, _Fits], ...]:
    return tuple((each.name, _fitting(each.type)) for each in fields(kind))


def _fitting(declared: Any) -> _Fits:
    if get_origin(declared) is Literal:
        return frozenset(get_args(declared)).__contains__
    return _TYPES[declared]
