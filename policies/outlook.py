"""Whether a rule can hold when only part of a situation is known: always, never, or by what else it looks at.

The engine decides one situation. Whoever tells what the rules say asks about all situations at once: any
recording, asked for by somebody with this role for that purpose. What is not known stays unknown, and only
what Cedar would answer whatever it is counts as an answer. So a rule is never passed over that could hold.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from policies.facts import Action
from policies.rules import Effect, Est
from policies.terms import Terms

Ref = tuple[str, str]
"""Kind and id of an entity."""


class _Not(Enum):
    KNOWN = "known"
    THERE = "there"


UNKNOWN: Final = _Not.KNOWN
ABSENT: Final = _Not.THERE
_WHOEVER: Final = ("Person", "whoever does it")
"""Stands for the principal, whose id is not known: who else they are cannot be told."""


@dataclass(frozen=True)
class _Thing:
    """An entity or record of which part is known."""

    ref: Ref | None = None
    attributes: Mapping[str, "Value"] = field(default_factory=dict)
    whole: bool = False
    """Whether it has no other attributes than these."""
    within: frozenset[Ref] | None = None
    """What it is in; None: not known."""


Value = _Not | bool | int | str | Ref | frozenset[Any] | _Thing


@dataclass(frozen=True)
class Known:
    """What is known of the situations one asks about."""

    action: Action
    purpose: str | None = None
    role: str | None = None
    """The one role of who does it; None: a person with no role at all."""
    recipient: str | None = None
    """To whom the footage is to go; None: to nobody."""


@dataclass(frozen=True)
class Outlook:
    """Whether a rule holds in the situations asked about: True in all, False in none, None in some."""

    holds: bool | None
    looks_at: frozenset[str]
    """What it depends on, where that is only some: names of attributes in the schema."""


def outlook(policy: Est, known: Known, terms: Terms) -> Outlook:
    """Whether this rule holds in the situations that `known` describes, in the municipality of `terms`."""
    [found] = outlooks([policy], known, terms)
    return found


def outlooks(policies: Iterable[Est], known: Known, terms: Terms) -> Iterator[Outlook]:
    """The outlook of each of these rules."""
    variables = _variables(known, terms)
    return (_outlook(policy, _Reading(variables)) for policy in policies)


def _outlook(policy: Est, reading: "_Reading") -> Outlook:
    met: list[Value] = [reading.scope(policy[name], name) for name in ("action", "principal", "resource")]
    for condition in policy["conditions"] if False not in met else ():
        found = reading.value(condition["body"])
        met.append(found if condition["kind"] == "when" else _negated(found))
        if met[-1] is False:
            break
    if False in met:
        return Outlook(False, frozenset())
    if all(each is True for each in met):
        return Outlook(True, frozenset())
    return Outlook(None, frozenset(reading.looked_at))


def roles_in(policies: Mapping[str, Est]) -> frozenset[str]:
    """The roles that any of these rules speaks of: to the others they are all the same."""
    return frozenset(ref[1] for policy in policies.values() for ref in _refs(policy) if ref[0] == "Role")


def is_about(policy: Est, action: Action) -> bool:
    """Whether a rule can hold of this action."""
    return _Reading({"action": _action(action)}).scope(policy["action"], "action") is not False


def is_about_everything(policy: Est) -> bool:
    """Whether a rule is a forbid that no action escapes."""
    return bool(policy["effect"] == Effect.FORBID and policy["action"]["op"] == "All")


def _refs(node: Any) -> Iterator[Ref]:
    match node:
        case {"type": str(kind), "id": str(id_)}:
            yield kind, id_
        case dict():
            for each in node.values():
                yield from _refs(each)
        case list():
            for each in node:
                yield from _refs(each)


def _variables(known: Known, terms: Terms) -> dict[str, _Thing]:
    attributes: dict[str, Value] = {
        "purposes": frozenset(("Purpose", purpose) for purpose in terms.purposes),
        "recipients": frozenset(("Recipient", recipient) for recipient in terms.recipients),
        "sharesWith": frozenset(("Municipality", other) for other in terms.shares_with),
    }
    if terms.most_viewers is not None:
        attributes["mostViewers"] = terms.most_viewers
    here = _Thing(("Municipality", terms.municipality), attributes, whole=True)
    within = frozenset({("Role", known.role)} if known.role else ())
    principal = _Thing(_WHOEVER, within=within)
    context: dict[str, Value] = {"municipality": here}
    if known.purpose is not None:
        purpose = ("Purpose", known.purpose)
        to = ABSENT if known.recipient is None else ("Recipient", known.recipient)
        asked: dict[str, Value] = {"purpose": purpose, "recipient": to}
        context |= {"purpose": purpose, "request": _Thing(attributes=asked)}
    return {
        "principal": principal,
        "action": _action(known.action),
        "resource": _Thing(),
        "context": _Thing(attributes=context),
    }


def _action(action: Action) -> _Thing:
    return _Thing(("Action", action.value), within=frozenset())


class _Reading:
    """One reading of a rule: what came of it, and which unknown attributes that took."""

    def __init__(self, variables: Mapping[str, _Thing]) -> None:
        self._variables = variables
        self.looked_at: set[str] = set()

    def scope(self, scope: Est, variable: str) -> Value:
        """Whether the scope of a rule lets this variable through."""
        thing = self._variables[variable]
        match scope:
            case {"op": "All"}:
                return True
            case {"op": "==", "entity": entity}:
                return _equal(thing, _ref(entity))
            case {"op": "in", "entities": entities}:
                return _in(thing, frozenset(_ref(entity) for entity in entities))
            case {"op": "in", "entity": entity} | {"op": "is", "in": {"entity": entity}}:
                return _in(thing, frozenset({_ref(entity)}))
        # Of another kind of thing: which, is not known here.
        return UNKNOWN

    def value(self, node: Any) -> Value:
        """What an expression comes to."""
        [(operator, given)] = node.items()
        match operator:
            case "Value":
                return _ref(given["__entity"]) if isinstance(given, dict) else given
            case "Var":
                return self._variables[given]
            case "&&" | "||":
                return self._joined(given, decisive=operator == "||")
            case "!":
                return _negated(self.value(given["arg"]))
            case "." | "has":
                return self._attribute(operator, self.value(given["left"]), given["attr"])
            case "Set":
                return frozenset(_plain(self.value(each)) for each in given)
            case "if-then-else":
                return self._chosen(given)
            case "isEmpty":
                return _of_sets(lambda all_: not all_, self.value(given["arg"]))
        if operator in _OF_TWO:
            return _OF_TWO[operator](self.value(given["left"]), self.value(given["right"]))
        return self._passed_over(given)

    def _joined(self, given: Any, *, decisive: bool) -> Value:
        left = self.value(given["left"])
        if left is decisive:
            return left
        right = self.value(given["right"])
        if right is decisive or left is not UNKNOWN:
            return right
        return UNKNOWN

    def _chosen(self, given: Any) -> Value:
        condition = self.value(given["if"])
        if condition is UNKNOWN:
            then, otherwise = self.value(given["then"]), self.value(given["else"])
            return then if then == otherwise else UNKNOWN
        return self.value(given["then" if condition else "else"])

    def _attribute(self, operator: str, owner: Value, name: str) -> Value:
        found: Value = UNKNOWN
        if isinstance(owner, _Thing):
            found = owner.attributes.get(name, ABSENT if owner.whole else UNKNOWN)
        if found is UNKNOWN:
            self.looked_at.add(name)
            return UNKNOWN
        if operator == "has":
            return found is not ABSENT
        return UNKNOWN if found is ABSENT else found

    def _passed_over(self, given: Any) -> Value:
        """An operator whose outcome we leave open; what it looks at is told all the same."""
        for each in given.values() if isinstance(given, dict) else given if isinstance(given, list) else ():
            if isinstance(each, dict) and len(each) == 1:
                self.value(each)
        return UNKNOWN


def _ref(entity: Mapping[str, str]) -> Ref:
    return entity["type"], entity["id"]


def _plain(value: Value) -> Value:
    """A thing by its name, so that it can be compared; one without a name is unknown."""
    if isinstance(value, _Thing):
        return UNKNOWN if value.ref is None else value.ref
    return value


def _negated(value: Value) -> Value:
    return UNKNOWN if value is UNKNOWN else not value


def _equal(left: Value, right: Value) -> Value:
    left, right = _plain(left), _plain(right)
    if UNKNOWN in (left, right):
        return UNKNOWN
    if isinstance(left, frozenset) and isinstance(right, frozenset) and UNKNOWN in left | right:
        return UNKNOWN
    if left != right and _WHOEVER in (left, right):
        return UNKNOWN
    return left == right


def _in(left: Value, right: Value) -> Value:
    """Whether something is one of these, or in one of them."""
    above = right if isinstance(right, frozenset) else frozenset({_plain(right)})
    if UNKNOWN in above or not isinstance(left, _Thing):
        return UNKNOWN
    if left.ref in above or (left.within is not None and left.within & above):
        return True
    if left.ref is None or left.within is None:
        return UNKNOWN
    return UNKNOWN if left.ref == _WHOEVER and any(_is_person(each) for each in above) else False


def _is_person(value: Value) -> bool:
    return isinstance(value, tuple) and value[0] == "Person"


def _contains(left: Value, right: Value) -> Value:
    wanted = _plain(right)
    if not isinstance(left, frozenset) or wanted is UNKNOWN:
        return UNKNOWN
    if wanted in left:
        return True
    return UNKNOWN if wanted == _WHOEVER else _of_sets(lambda _: False, left)


def _of_sets(ask: Callable[..., bool], *sets: Value) -> Value:
    """What is asked of sets, where every member of them is known."""
    if any(not isinstance(each, frozenset) or UNKNOWN in each for each in sets):
        return UNKNOWN
    return ask(*sets)


def _compared(ask: Callable[[int, int], bool]) -> Callable[[Value, Value], Value]:
    def compare(left: Value, right: Value) -> Value:
        return ask(left, right) if isinstance(left, int) and isinstance(right, int) else UNKNOWN

    return compare


_OF_TWO: dict[str, Callable[[Value, Value], Value]] = {
    "==": _equal,
    "!=": lambda left, right: _negated(_equal(left, right)),
    "in": _in,
    "contains": _contains,
    "containsAll": lambda left, right: _of_sets(lambda all_, some: some <= all_, left, right),
    "containsAny": lambda left, right: _of_sets(lambda all_, some: bool(some & all_), left, right),
    "<": _compared(lambda left, right: left < right),
    "<=": _compared(lambda left, right: left <= right),
    ">": _compared(lambda left, right: left > right),
    ">=": _compared(lambda left, right: left >= right),
}
