"""Which situations look alike to the rules: those get the same answer, so Cedar is asked about one of them.

A rule sees of a recording, request, grant or search only what it names. Of a moment it mostly sees whether it
is before another one, of a person whether that is who asks. So the rules about an action are read once, for
all that they look at (`Likeness.read`); two situations in which all of that is the same cannot be told apart
by any of them. What is not understood is taken for like nothing else.

Why this is sound. What Cedar makes of a policy is worked out from its variables and constants. Each place
where a variable stands is seen whole here (its value is part of the likeness), or in a comparison the outcome
of which is, or it is the same for the whole rule set. Attributes are looked up by a path from a variable, or
of an entity that is the same for all that are alike; any other way to one has no likeness.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, final
from uuid import UUID

from policies import encoding
from policies.encoding import About
from policies.facts import Grant, Recording, Request, Resource, RuleBook, Search, Situation, Trail
from policies.moments import milliseconds
from policies.plain import plain
from policies.retention import days_between
from policies.rules import Est

_Node: TypeAlias = Any
_ORDER = frozenset({"<", "<=", ">", ">=", "==", "!="})
_THINGS: Mapping[str, tuple[type[Any], ...]] = {
    "resource": (Recording, Trail, RuleBook),
    "request": (Request,),
    "grant": (Grant,),
    "search": (Search,),
}
_TYPES = frozenset(kind.__name__ for kinds in _THINGS.values() for kind in kinds)
_OF_EVERY_LIKENESS = frozenset({"purpose", "municipality", "subject", "proposer", "concerned"})
"""Of the context; the municipality is that of the rule set."""
_PRINCIPAL, _RESOURCE, _CONTEXT = ({"Var": name} for name in ("principal", "resource", "context"))


class NotUnderstood(Exception):
    """A rule looks at a situation in a way that is not foreseen here."""


class Path(NamedTuple):
    """An attribute of what a situation is about."""

    thing: str
    """`resource`, `request`, `grant` or `search`; `context` for now, and for so many years ago."""
    name: str
    """As Cedar calls it."""


class Sight(NamedTuple):
    """One thing that some rule looks at: an attribute whole, or a comparison of it."""

    path: Path
    against: Path | str = ""
    """Another moment; or `principal` or `resource`, which it is or not, or has in it or not."""


_Told: TypeAlias = tuple[Situation, Resource, About]
_Look: TypeAlias = Callable[[_Told], Hashable]


def _called(name: str) -> str:
    """As Cedar calls a member of the facts."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


NOW, DAYS, GRANTED = Path("context", "now"), Path("request", "daysAfterRecording"), Path("grant", "recording")
"""DAYS is the only attribute that is worked out (`encoding`); GRANTED may be the resource itself."""
MEMBERS: Mapping[Path, tuple[str, Any]] = {
    Path(thing, _called(member.name)): (member.name, member.type)
    for thing, kinds in _THINGS.items()
    for kind in kinds
    for member in fields(kind)
    if member.name not in ("id", "obligations")
} | {
    NOW: ("now", datetime),
    Path("context", "oneYearAgo"): ("one_year_ago", datetime),
    Path("context", "fiveYearsAgo"): ("five_years_ago", datetime),
    Path("context", "tenYearsAgo"): ("ten_years_ago", datetime),
    DAYS: ("", int),
}
"""Of each attribute the member of the facts, and its type."""


@final
@dataclass(frozen=True, slots=True)
class Likeness:
    """What the rules about one action look at."""

    sights: tuple[Sight, ...]
    looks: tuple[_Look, ...]

    @classmethod
    def read(cls, policies: Iterable[Est]) -> "Likeness | None":
        """What these policies look at; None when that is not understood."""
        try:
            found = sorted({sight for policy in policies for sight in _of_policy(policy)}, key=str)
        except NotUnderstood:
            return None
        return cls(tuple(found), tuple(map(_look, found)))

    def of(self, situation: Situation) -> Hashable:
        """What the rules can see of this situation: equal for two of which they must say the same.

        Raises ValueError, TypeError or AttributeError for what are no facts: that is for Cedar to refuse.
        """
        resource, about = situation.resource, encoding.asked_about(situation)
        milliseconds(situation.now)
        # Of a person all is seen; but to Python 1 is True, and to Cedar it is no truth.
        if not all(plain(each) for each in (situation.person, resource, about) if each is not None):
            raise TypeError("a fact of another type than is declared")
        told = (situation, resource, about)
        return (
            situation.person,
            situation.purpose,
            situation.subject,
            situation.proposer,
            situation.concerned,
            type(resource),
            # So also whether it is about anything. Whether it is on the list of purposes Cedar must say.
            about and about.purpose,
            # No rule looks at these, but the answer does.
            about.obligations if isinstance(about, Grant) else None,
            *[look(told) for look in self.looks],
        )


# --- what a policy looks at --------------------------------------------------------------------------------


def _of_policy(policy: Est) -> Iterator[Sight]:
    # The principal is part of every likeness, and so is what type of thing the resource is.
    match policy["resource"]:
        case {"op": "All"} | {"op": "is", "entity_type": _}:
            pass
        case _:
            raise NotUnderstood
    if "in" in policy["resource"]:
        raise NotUnderstood
    for condition in policy["conditions"]:
        yield from _sights(condition["body"])


def _sights(node: _Node) -> Iterator[Sight]:
    """What this part of a rule looks at. Raises NotUnderstood."""
    if compared := _compared(node):
        yield compared
        return
    match node:
        case {"Var": "principal" | "action"}:
            return
        case {"Var": _}:
            # The context has now in it, and a resource that is handed on can be looked into.
            raise NotUnderstood
        case {"Value": {"__entity": {"type": kind}}} if kind in _TYPES:
            raise NotUnderstood  # perhaps the very one that is asked about, under its own name
        case {"Value": _}:
            return
        case {"has": {"left": left, "attr": str()}} if left == _CONTEXT:
            return  # what it is about is part of every likeness
        case {"is": {"left": left, "entity_type": _}} if _thing(left) and "in" not in node["is"]:
            return
        case {".": {"left": left, "attr": name}} if left == _CONTEXT and name in _OF_EVERY_LIKENESS:
            return
        case {".": {"left": left, "attr": name}} | {"has": {"left": left, "attr": name}} if _thing(left):
            yield Sight(_whole(Path(str(_thing(left)), name)))
            return
    for inside in _parts(node):
        yield from _sights(inside)


def _parts(node: _Node) -> list[_Node]:
    """The arguments of an operator; the members of a record, which may bear any name, also an operator's."""
    [inside] = node.values()
    parts = inside if isinstance(inside, list) else inside.values()
    return [part for part in parts if isinstance(part, dict)]


def _whole(path: Path) -> Path:
    if path not in MEMBERS or path == GRANTED:
        raise NotUnderstood
    return path


def _compared(node: _Node) -> Sight | None:
    """A comparison of which only the outcome is seen, when this is one."""
    [(operator, of)] = node.items()
    if operator == "contains" and of["right"] == _PRINCIPAL:
        path = _path(of["left"])
        return Sight(path, "principal") if path and MEMBERS[path][1] == frozenset[UUID] else None
    if operator not in _ORDER:
        return None
    left, right = _path(of["left"]), _path(of["right"])
    if left and right and MEMBERS[left][1] is MEMBERS[right][1] is datetime:
        return Sight(*sorted((left, right)))
    if operator in ("==", "!="):
        for path, other in ((left, of["right"]), (right, of["left"])):
            if path == GRANTED and other == _RESOURCE:
                return Sight(GRANTED, "resource")
            if path and path != GRANTED and MEMBERS[path][1] is UUID and other == _PRINCIPAL:
                return Sight(path, "principal")
    return None


def _thing(node: _Node) -> str | None:
    if node == _RESOURCE:
        return "resource"
    match node:
        case {".": {"left": left, "attr": str(name)}} if left == _CONTEXT and name in _THINGS:
            return name
    return None


def _path(node: _Node) -> Path | None:
    """Which attribute this is, when it is one that is known."""
    match node:
        case {".": {"left": left, "attr": str(name)}}:
            path = Path("context" if left == _CONTEXT else _thing(left) or "", name)
            return path if path in MEMBERS else None
    return None


# --- looking at a situation --------------------------------------------------------------------------------


def _look(sight: Sight) -> _Look:
    """What of a situation this sees; None when the situation is about no such thing."""
    path, against = sight
    if path == DAYS:
        return _days
    value = _member(path)
    if isinstance(against, Path):
        return _order(value, _member(against))
    if against == "principal":
        return _is_asker(value)
    if against == "resource":
        return lambda told: value(told) == getattr(told[1], "id", None)
    if MEMBERS[path][1] is datetime:
        return lambda told: None if (moment := value(told)) is None else milliseconds(moment)
    return value


def _member(path: Path) -> Callable[[_Told], Any]:
    name = MEMBERS[path][0]
    kinds = _THINGS.get(path.thing)
    if kinds is None:
        return lambda told: getattr(told[0], name)
    place = 1 if path.thing == "resource" else 2
    having = tuple(kind for kind in kinds if name in kind.__slots__)
    return lambda told: getattr(told[place], name) if isinstance(told[place], having) else None


def _order(one: Callable[[_Told], Any], other: Callable[[_Told], Any]) -> _Look:
    def order(told: _Told) -> int | None:
        left, right = one(told), other(told)
        if left is None or right is None:
            return None
        first, second = milliseconds(left), milliseconds(right)
        return (first > second) - (first < second)

    return order


def _is_asker(value: Callable[[_Told], Any]) -> _Look:
    def is_asker(told: _Told) -> bool | None:
        found = value(told)
        return told[0].person.id in (found if isinstance(found, frozenset) else (found,))

    return is_asker


def _days(told: _Told) -> int | None:
    _, resource, about = told
    if isinstance(about, Request) and isinstance(resource, Recording):
        return days_between(resource.recorded_at, about.asked_at)
    return None
