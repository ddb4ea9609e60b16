"""What can be said of facts that differ from row to row, by Cedar's operators, with the rest known.

NotListable   a rule says something that no list can be made by
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from policies.conditions import (
    ALWAYS,
    NEVER,
    UNDECIDED,
    Always,
    Among,
    Before,
    Condition,
    Contains,
    Empty,
    Every,
    Fact,
    No,
    Present,
    Same,
    Some,
    Undecided,
    always,
    every,
    no,
    some,
)
from policies.values import (
    OPEN,
    PARTS,
    Known,
    Later,
    Moment,
    Overflow,
    Ref,
    Span,
    as_datetime,
    day_of,
    fitting,
    read_datetime,
    read_duration,
    time_of,
)


class NotListable(Exception):
    """A rule says something that no list can be made by."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A moment of the row, or the time since or until it, moved by what is known: sign x fact + ms."""

    fact: Fact
    kind: Literal["datetime", "duration"] = "datetime"
    sign: Literal[1, -1] = 1
    ms: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A set that is written out in a rule, with members that differ from row to row."""

    members: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The context: some of it known, some of it the row's."""

    members: Mapping[str, "Value"]


Value: TypeAlias = Known | Fact | Linear | Group | Record | Condition
_CONDITIONS = (Always, Every, Some, No, Among, Same, Before, Present, Contains, Empty, Undecided)
_KNOWN = (bool, int, str, Ref, Moment, Span, frozenset, Later)
_FARTHEST = 2**63 - 10**15
"""A moment of any year, moved by less, is a moment that Cedar has room for."""
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def truth(value: Value) -> Condition:
    """A value that says yes or no, as a condition."""
    match value:
        case bool():
            return always(value)
        case Later():
            return UNDECIDED
        case Fact(kind="Bool"):
            return Among(value, frozenset({True}))
    if isinstance(value, _CONDITIONS):
        return value
    raise NotListable("something that is neither yes nor no")


def equal(left: Value, right: Value) -> Condition:
    """Whether two values are the same."""
    if isinstance(left, _KNOWN) and not isinstance(right, _KNOWN):
        left, right = right, left
    match left, right:
        case ((Fact(kind="Set") | Group() | Record()), _):
            raise NotListable("whether a whole set is the same as another")
        case _, (Fact(kind="Set") | Group() | Record()):
            raise NotListable("whether a whole set is the same as another")
        case (Linear(), _) | (_, Linear()):
            return _compared("==", left, right)
        case Fact(), Fact():
            return ALWAYS if left == right else Same(left, right) if left.kind == right.kind else NEVER
        case Fact(), Ref(kind, id_):
            return Among(left, frozenset({id_})) if kind == left.kind else NEVER
        case Fact(kind="String"), str():
            return Among(left, frozenset({right}))
        case (Later(), _) | (_, Later()):
            return UNDECIDED
    if isinstance(left, _CONDITIONS):
        one, other = truth(left), truth(right)
        return some(every(one, other), every(no(one), no(other)))
    return always(type(left) is type(right) and left == right)


def compare(operator: str, left: Value, right: Value) -> Condition:
    """Whether one comes before the other, by `<`, `<=`, `>` or `>=`."""
    if isinstance(left, Linear) or isinstance(right, Linear):
        return _compared(operator, left, right)
    if not (isinstance(left, _KNOWN) and isinstance(right, _KNOWN)):
        raise NotListable(f"a comparison by {operator} of what differs from row to row")
    return UNDECIDED if OPEN in (left, right) else always(_ORDERS[operator](left, right))


def _compared(operator: str, left: Value, right: Value) -> Condition:
    match left, right:
        case Linear(), Linear():
            if replace(left, ms=0) != replace(right, ms=0):
                raise NotListable("a comparison of two moments that differ from row to row")
            same = operator == "=="
            return always(left.ms == right.ms if same else _ORDERS[operator](left.ms, right.ms))
        case _, Linear():
            return _compared(_SWAPPED.get(operator, operator), right, left)
        case Linear(), Later():
            return UNDECIDED
        case Linear(fact, _, sign, ms), (Moment(known) | Span(known)):
            # Forwards: fact + ms against what is known. Backwards: ms - fact.
            bound = known - ms if sign == 1 else ms - known
            order_of = operator if sign == 1 else _SWAPPED.get(operator, operator)
            return _placed(order_of, fact, bound)
    raise NotListable("a comparison of a moment with something else")


def _placed(operator: str, fact: Fact, ms: int) -> Condition:
    match operator:
        case "<":
            return _before(fact, ms)
        case "<=":
            return _before(fact, ms + 1)
        case ">":
            return no(_before(fact, ms + 1))
        case ">=":
            return no(_before(fact, ms))
    return every(no(_before(fact, ms)), _before(fact, ms + 1))


def _before(fact: Fact, ms: int) -> Condition:
    try:
        return Before(fact, as_datetime(Moment(ms)))
    except OverflowError:
        # Before the first year there is nothing, after the last year everything is before it.
        return always(ms > 0)


def contains(operator: str, left: Value, right: Value) -> Condition:
    """Whether a set has one in it, or by `containsAny` or `containsAll` of others one or all."""
    if operator == "contains":
        return _has_in_it(left, right)
    if operator == "containsAny" and isinstance(right, Fact) and isinstance(left, Fact):
        raise NotListable("what two sets have in common that both differ from row to row")
    if operator == "containsAny" and isinstance(right, Fact):
        left, right = right, left
    join = some if operator == "containsAny" else every
    match right:
        case Group(members):
            return join(*(_has_in_it(left, each) for each in members))
        case frozenset():
            return join(*(_has_in_it(left, each) for each in sorted(right, key=str)))
        case Later():
            return UNDECIDED
    raise NotListable(f"{operator} of a set that differs from row to row")


def _has_in_it(left: Value, one: Value) -> Condition:
    match left, one:
        case Fact(kind="Set"), (Ref("Person", id_)):
            return Contains(left, id_)
        case Fact(kind="Set"), Fact(kind="Person"):
            return Contains(left, one)
        case Fact(kind="Set"), Later():
            return UNDECIDED
        case Fact(kind="Set"), Ref():
            return NEVER
        case frozenset(), Fact(kind=kind) if kind not in ("Set", "Bool", "String"):
            ids = frozenset(each.id for each in left if isinstance(each, Ref) and each.type == kind)
            return Among(one, ids) if ids else NEVER
        case frozenset(), _:
            return some(*(equal(each, one) for each in sorted(left, key=str)))
        case Group(members), _:
            return some(*(equal(each, one) for each in members))
        case Later(), (Fact() | Later() | Ref() | str() | int()):
            return UNDECIDED
    raise NotListable("what is in something that is no set here")


def empty(value: Value) -> Condition:
    """Whether a set has nothing in it."""
    match value:
        case Fact(kind="Set"):
            return Empty(value)
        case Group():
            return NEVER
        case frozenset():
            return always(not value)
        case Later():
            return UNDECIDED
    raise NotListable("whether something is empty that is no set here")


def group(members: Sequence[Value]) -> Value:
    """A set that is written out."""
    if not all(isinstance(each, _KNOWN) for each in members):
        return Group(tuple(members))
    if OPEN in members:
        return OPEN
    return frozenset(each for each in members if isinstance(each, _KNOWN))


def combine(operator: str, given: Sequence[Value]) -> Value:
    """What an operator makes of its operands, when that is neither yes nor no. Raises Overflow too."""
    match operator, given:
        case "offset", [Linear(kind="datetime") as moved, by]:
            return _moved(moved, by)
        case "durationSince", [Linear(fact, "datetime", 1, ms), since] if isinstance(since, Moment | Later):
            return _moved(Linear(fact, "duration", 1, ms), since, -1)
        case "durationSince", [until, Linear(fact, "datetime", 1, ms)] if isinstance(until, Moment | Later):
            return _moved(Linear(fact, "duration", -1, -ms), until)
    if operator not in _OPERATORS or not all(isinstance(each, _KNOWN) for each in given):
        raise NotListable(f"{operator!r} of what differs from row to row")
    return OPEN if OPEN in given else _OPERATORS[operator](*given)


def _moved(linear: Linear, by: Value, sign: int = 1) -> Linear:
    match by:
        case Later():
            return linear
        case Moment(ms) | Span(ms):
            if abs(linear.ms + sign * ms) > _FARTHEST:
                raise Overflow
            return replace(linear, ms=linear.ms + sign * ms)
    raise NotListable("a moment that is moved by what differs from row to row")


_OPERATORS: dict[str, Callable[..., Known]] = {
    "+": lambda left, right: fitting(left + right),
    "-": lambda left, right: fitting(left - right),
    "*": lambda left, right: fitting(left * right),
    "neg": lambda number: fitting(-number),
    "datetime": read_datetime,
    "duration": read_duration,
    "offset": lambda at, by: Moment(fitting(at.ms + by.ms)),
    "durationSince": lambda until, since: Span(fitting(until.ms - since.ms)),
    "toDate": day_of,
    "toTime": time_of,
    **PARTS,
}
