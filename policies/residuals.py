"""Rules as conditions on rows: what they say of every recording, request or grant at once.

Cedar decides on one thing at a time. A list asks the other way round: which of a million may this person see?
So here the rules are read once more, with the person, the purpose and the moment known; what is left is a
condition on what differs from row to row (`policies.conditions`). A rule that cannot be said as one is
refused when the rule set is read: it is never passed over, so a list is never silently wider or narrower.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from policies.conditions import ALWAYS, NEVER, UNDECIDED, Condition, Fact, Present, always, every, no, some
from policies.symbols import (
    Group,
    Linear,
    NotListable,
    Record,
    Value,
    combine,
    compare,
    contains,
    empty,
    equal,
    group,
    truth,
)
from policies.values import OPEN, Later, Overflow, Ref

Est: TypeAlias = dict[str, Any]
_DECLARED = (
    "hasCaseReference",
    "complaintFiled",
    "criminalComplaintFiled",
    "demandReceived",
    "subjectDepicted",
    "demonstrableInterest",
    "atOfficersRequest",
    "safetyIncident",
    "integrityInvestigation",
)
ROWS: Mapping[str, Mapping[str, Fact]] = {
    "Recording": {
        "maker": Fact("recording.maker", "Person"),
        "depicted": Fact("recording.depicted", "Set"),
        "team": Fact("recording.team", "Team"),
        "regime": Fact("recording.regime", "Regime"),
        "recordedAt": Fact("recording.recordedAt", "datetime"),
        "disposeAfter": Fact("recording.disposeAfter", "datetime"),
        "state": Fact("recording.state", "String"),
    },
    "Request": {
        "requester": Fact("request.requester", "Person"),
        "purpose": Fact("request.purpose", "Purpose"),
        "askedAt": Fact("request.askedAt", "datetime"),
        "recipient": Fact("request.recipient", "Recipient"),
        **{name: Fact(f"request.{name}", "Bool") for name in _DECLARED},
    },
    "Grant": {
        "holder": Fact("grant.holder", "Person"),
        # One lists grants together with what they are for.
        "recording": Fact("recording", "Recording"),
        "purpose": Fact("grant.purpose", "Purpose"),
        "validFrom": Fact("grant.validFrom", "datetime"),
        "validUntil": Fact("grant.validUntil", "datetime"),
        "revoked": Fact("grant.revoked", "Bool"),
    },
}
"""What each row has of its own. What a schema has and this has not would have to be counted for each row."""
MAY_LACK = frozenset({"recording.team", "request.recipient"})
RECORDING, REQUEST, GRANT = (Fact(kind.lower(), kind) for kind in ROWS)


@dataclass(frozen=True, slots=True)
class Found:
    """Of which rows something holds, and of which Cedar could not say: never both."""

    holds: Condition
    error: Condition = NEVER

    @property
    def false(self) -> Condition:
        """Of which rows it does not hold."""
        return every(no(self.holds), no(self.error))

    @property
    def turned(self) -> "Found":
        """The opposite."""
        return Found(self.false, self.error)


def permitted(permits: Iterable[Found], forbids: Iterable[Found]) -> Condition:
    """Of which rows the rules permit it: some permit holds, no forbid does, and none of all these fails."""
    permits, forbids = list(permits), list(forbids)
    return every(
        *(no(each.error) for each in (*forbids, *permits)),
        *(no(each.holds) for each in forbids),
        some(*(each.holds for each in permits)),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question about every row."""

    variables: Mapping[str, Value]
    """`principal`, `action`, `resource` and `context`, as rules call them; and the `municipality` asked."""
    entities: Mapping[Ref, Mapping[str, Value]]
    """What is known of entities; of others Cedar knows nothing."""
    roles: frozenset[Ref] = frozenset()
    """The principal's."""

    def read(self, policy: Est) -> Found:
        """Of which rows this rule holds. Raises NotListable."""
        found = _both(self._scope("principal", policy), self._scope("resource", policy))
        for each in policy["conditions"]:
            if found.holds is NEVER:
                break
            body = self._truth(each["body"])
            found = _both(found, body if each["kind"] == "when" else body.turned)
        return found

    def _scope(self, name: str, policy: Est) -> Found:
        one = self.variables[name]
        match policy[name]:
            case {"op": "All"}:
                return Found(ALWAYS)
            case {"op": "==", "entity": named}:
                return Found(equal(one, _entity(named)))
            case {"op": "in", "entity": named}:
                return Found(self._in(one, _entity(named)))
            case {"op": "is", "entity_type": kind, "in": {"entity": named}}:
                return Found(every(_is(one, kind), self._in(one, _entity(named))))
            case {"op": "is", "entity_type": kind}:
                return Found(_is(one, kind))
        raise NotListable("a scope of another form")

    def _truth(self, body: Est) -> Found:
        """A part of a rule that says yes or no."""
        [(operator, of)] = body.items()
        match operator:
            case "!":
                return self._truth(of["arg"]).turned
            case "&&":
                left = self._truth(of["left"])
                return left if left.holds is NEVER else _both(left, self._truth(of["right"]))
            case "||":
                left = self._truth(of["left"])
                return left if left.holds is ALWAYS else _either(left, self._truth(of["right"]))
            case "if-then-else":
                asked = self._truth(of["if"])
                yes = Found(NEVER) if asked.holds is NEVER else _both(asked, self._truth(of["then"]))
                nay = Found(NEVER) if asked.false is NEVER else _both(asked.turned, self._truth(of["else"]))
                return Found(some(yes.holds, nay.holds), some(asked.error, yes.error, nay.error))
        value, error = self._value(body)
        return Found(every(truth(value), no(error)), error)

    def _value(self, body: Est) -> tuple[Value, Condition]:
        """What a part of a rule amounts to, and of which rows Cedar could not say."""
        [(operator, of)] = body.items()
        match operator:
            case "Value":
                return (_entity(of["__entity"]) if isinstance(of, dict) else of), NEVER
            case "Var":
                return self.variables[of], NEVER
            case ".":
                value, error = self._value(of["left"])
                if error is ALWAYS:
                    return NEVER, ALWAYS
                found, lacking = self._member(value, of["attr"])
                return found, some(error, lacking)
            case "has":
                value, error = self._value(of["left"])
                return (NEVER if error is ALWAYS else self._has(value, of["attr"])), error
            case "!" | "&&" | "||":
                said = self._truth(body)
                return said.holds, said.error
            case "if-then-else":
                raise NotListable("an if-then-else within a comparison")
            case "is":
                value, error = self._value(of["left"])
                if error is ALWAYS:
                    return NEVER, ALWAYS
                target, failing = self._value(of["in"]) if "in" in of else (None, NEVER)
                within = ALWAYS if target is None else self._in(value, target)
                return every(_is(value, of["entity_type"]), within), some(error, failing)
        given = of if isinstance(of, list) else [of[name] for name in ("left", "right", "arg") if name in of]
        parts = [self._value(each) for each in given]
        error = some(*(error for _, error in parts))
        try:
            return (NEVER if error is ALWAYS else self._apply(operator, [value for value, _ in parts])), error
        except Overflow:
            return NEVER, ALWAYS

    def _apply(self, operator: str, given: list[Value]) -> Value:
        match operator, given:
            case "Set", _:
                return group(given)
            case "==", [left, right]:
                return equal(left, right)
            case "!=", [left, right]:
                return no(equal(left, right))
            case (("<" | "<=" | ">" | ">="), [left, right]):
                return compare(operator, left, right)
            case "in", [left, right]:
                return self._in(left, right)
            case (("contains" | "containsAll" | "containsAny"), [left, right]):
                return contains(operator, left, right)
            case "isEmpty", [members]:
                return empty(members)
        return combine(operator, given)

    def _member(self, value: Value, name: str) -> tuple[Value, Condition]:
        """An attribute, and of which rows there is none."""
        match value:
            case Record(members):
                return (members[name], NEVER) if name in members else (NEVER, ALWAYS)
            case Fact(kind="Recording") if name == "municipality":
                # A list is of one municipality's rows.
                return self.variables["municipality"], NEVER
            case Fact(kind=kind) if kind in ROWS:
                if name not in ROWS[kind]:
                    raise NotListable(f"{name!r}, which would have to be counted for each row")
                fact = ROWS[kind][name]
                return _of_row(fact), no(_present(fact))
            case Ref(type=kind) if kind not in ROWS:
                known = self.entities.get(value, {})
                return (known[name], NEVER) if name in known else (NEVER, ALWAYS)
            case Later():
                return OPEN, NEVER
        raise NotListable(f"{name!r} of a thing that is not the same for every row")

    def _has(self, value: Value, name: str) -> Condition:
        match value:
            case Record(members):
                return UNDECIDED if members.get(name) is OPEN else always(name in members)
            case Fact(kind=kind) if kind in ROWS:
                return _present(ROWS[kind].get(name))
            case Ref(type=kind) if kind not in ROWS:
                return always(name in self.entities.get(value, {}))
            case Later():
                return UNDECIDED
        raise NotListable(f"'has {name}' of a thing that is not the same for every row")

    def _in(self, value: Value, target: Value) -> Condition:
        """Only the principal is in anything, namely in roles; anything else is in itself."""
        match target:
            case Group(members):
                return some(*(self._in(value, each) for each in members))
            case frozenset():
                return some(*(self._in(value, each) for each in sorted(target, key=str)))
            case Fact(kind="Set"):
                # Of persons, and nobody is in a person but they themselves.
                return contains("contains", target, value)
        principal = self.variables["principal"]
        if principal is OPEN and (value is OPEN or (isinstance(value, Fact) and value.kind == "Person")):
            return UNDECIDED
        has_role = always(isinstance(target, Ref) and target in self.roles)
        return some(equal(value, target), every(equal(value, principal), has_role))


def _of_row(fact: Fact) -> Value:
    match fact.kind:
        case "datetime":
            return Linear(fact)
        case "Bool":
            return truth(fact)
    return fact


def _present(fact: Fact | None) -> Condition:
    return Present(fact) if fact and fact.name in MAY_LACK else ALWAYS


def _both(left: Found, right: Found) -> Found:
    """Cedar looks at the second only when the first holds."""
    return Found(every(left.holds, right.holds), some(left.error, every(left.holds, right.error)))


def _either(left: Found, right: Found) -> Found:
    """Cedar looks at the second only when the first does not hold."""
    # Without errors the second may as well be looked at: that makes a shorter condition.
    second = right.holds if left.error is NEVER else every(left.false, right.holds)
    return Found(some(left.holds, second), some(left.error, every(left.false, right.error)))


def _is(value: Value, kind: str) -> Condition:
    match value:
        case Ref(type=known) | Fact(kind=known):
            return always(known == kind)
        case Later():
            return UNDECIDED
    raise NotListable("what kind of thing something is that is no entity here")


def _entity(named: Est) -> Ref:
    return Ref(named["type"], named["id"])
