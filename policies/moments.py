"""When an answer may change though no fact does: at the moments that the rules compare now with.

A decision is a function of facts and now. Where the rules only ask whether now is before or after a moment
that stands in the facts, it is the same all the time from one such moment to the next.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

from policies.facts import Grant, Request, Resource, Search
from policies.rules import Est

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_CONTEXT = {"Var": "context"}
_NOW = {".": {"left": _CONTEXT, "attr": "now"}}
_OF = frozenset({".", "has"})


def only_compared(policies: Iterable[Est]) -> bool:
    """Whether these policies look at now only to compare it with an attribute of the facts."""
    return all(_only_compared(policy["conditions"]) for policy in policies)


def _only_compared(node: Any) -> bool:
    # The context as a whole has now in it.
    if node in (_NOW, _CONTEXT):
        return False
    if isinstance(node, list):
        return all(map(_only_compared, node))
    if not isinstance(node, dict):
        return True
    for operator, inside in node.items():
        if operator in _COMPARISONS and _NOW in (inside["left"], inside["right"]):
            other = inside["right"] if inside["left"] == _NOW else inside["left"]
            if not _of_the_facts(other):
                return False
        elif operator in _OF and inside["left"] == _CONTEXT:
            continue  # to something else of it
        elif not _only_compared(inside):
            return False
    return True


def _of_the_facts(node: Any) -> bool:
    """Whether this is an attribute of something, such as `resource.disposeAfter`, and not worked out."""
    while node != _NOW and isinstance(node, dict) and node.keys() == {"."}:
        node = node["."]["left"]
        if isinstance(node, dict) and node.keys() == {"Var"}:
            return True
    return False


def told_in(*things: object) -> list[datetime]:
    """Every moment in these facts, as it is told there, in the order of their members."""
    found: list[datetime] = []
    for thing in filter(None, things):
        names = _moments_of(type(thing))  # type: ignore[arg-type]  # mypy takes a class for no key
        found += [moment for name in names if (moment := getattr(thing, name)) is not None]
    return found


def of_facts(*things: Resource | Request | Grant | Search | None) -> tuple[datetime, ...]:
    """Every moment in these facts, in order."""
    return tuple(sorted(map(_milliseconds, told_in(*things))))


@cache
def _moments_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if datetime in (each.type, *get_args(each.type)))


def stretch(now: datetime, moments: Sequence[datetime]) -> tuple[int, int]:
    """Where now stands among `moments`: how many are before it, and how many are not after it."""
    at = _milliseconds(now)
    return bisect_left(moments, at), bisect_right(moments, at)


def _milliseconds(moment: datetime) -> datetime:
    """As Cedar counts: the rest is cut off. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
