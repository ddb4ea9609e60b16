"""What a rule looks at, read from its Cedar form: a matrix asks about nothing that no rule can see."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.rules import Est

Node = Any


@dataclass(frozen=True, slots=True)
class Mentions:
    """What some rules look at."""

    roles: frozenset[str]
    attributes: frozenset[str]
    """Of whatever: the schema gives no two the same name with another meaning."""
    numbers: frozenset[int]


def mentions(policies: list[Est]) -> Mentions:
    """What these rules look at."""
    nodes = [node for policy in policies for node in _nodes(policy)]
    return Mentions(
        roles=frozenset(
            node["id"]
            for node in nodes
            if isinstance(node, dict) and node.get("type") == "Role" and "id" in node
        ),
        attributes=frozenset(node["attr"] for node in nodes if isinstance(node, dict) and "attr" in node),
        numbers=frozenset(
            node["Value"]
            for node in nodes
            if isinstance(node, dict) and type(node.get("Value")) is int  # a boolean is no number
        ),
    )


def can_hold_for(policy: Est, purpose: str) -> bool:
    """Whether this rule can decide about a purpose: not when one of its conditions demands another one."""
    demanded = [node for condition in policy["conditions"] for node in _conjuncts(condition)]
    return all(purpose in named for named in map(_purposes, demanded) if named is not None)


def _conjuncts(condition: Est) -> Iterator[Node]:
    """The parts that must all be so for a `when` to be so. Of an `unless` there is none that must."""
    if condition["kind"] == "when":
        waiting = [condition["body"]]
        while waiting:
            match waiting.pop():
                case {"&&": {"left": left, "right": right}}:
                    waiting += [left, right]
                case other:
                    yield other


def _purposes(node: Node) -> set[str] | None:
    """The purposes of which this demands one; None when it demands none."""
    asked = {".": {"left": {"Var": "context"}, "attr": "purpose"}}
    match node:
        case {"==": {"left": left, "right": right}} if asked in (left, right):
            other = right if left == asked else left
            return _named([other])
        case {"contains": {"left": {"Set": listed}, "right": right}} if right == asked:
            return _named(listed)
    return None


def _named(listed: list[Node]) -> set[str] | None:
    names: set[str] = set()
    for node in listed:
        match node:
            case {"Value": {"__entity": {"type": "Purpose", "id": name}}}:
                names.add(name)
            case _:
                return None
    return names


def _nodes(node: Node) -> Iterator[Node]:
    """Everything in a policy, annotations left out."""
    yield node
    if isinstance(node, dict):
        for key, inside in node.items():
            if key != "annotations":
                yield from _nodes(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from _nodes(inside)
