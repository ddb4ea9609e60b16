"""Every way to weaken or strengthen one rule by one step, by way of Cedar's JSON form."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import cedarpy

Json = Any
_TURNED = {">=": (">",), ">": (">=", "<="), "<": ("<=",), "<=": ("<", ">"), "==": ("!=",), "!=": ("==",)}
_ASKS = ("has", "contains", "in", "is")
"""Operators whose answer can be turned round."""
_NUMBER = re.compile(r"\d+")


_MORE = {"Role": "auditor", "Purpose": "inzageverzoek"}
_IS_AUDITOR = {"op": "in", "entity": {"type": "Role", "id": "auditor"}}


def mutants(text: str) -> Iterator[tuple[str, str, str | None]]:
    """The id of a rule of this text, what was done, and that rule with it done; None when it was removed."""
    whole = json.loads(cedarpy.policies_to_json_str(text))
    for policy in whole["staticPolicies"].values():
        name = policy["annotations"]["id"]
        yield name, "removed", None
        for what, mutant in _one_step(policy):
            yield name, what, _write(mutant)


def _write(policy: Json) -> str:
    return cedarpy.policies_from_json_str(
        json.dumps({"staticPolicies": {"policy0": policy}, "templates": {}, "templateLinks": []})
    )


def _one_step(policy: Json) -> Iterator[tuple[str, Json]]:
    for index, condition in enumerate(policy["conditions"]):
        mutant = copy.deepcopy(policy)
        del mutant["conditions"][index]
        yield f"{condition['kind']} {index} dropped", mutant
        for what, body in _bodies(condition["body"]):
            mutant = copy.deepcopy(policy)
            mutant["conditions"][index]["body"] = body
            yield f"{condition['kind']} {index}: {what}", mutant
    if policy["principal"]["op"] != "All":
        yield "for everybody", policy | {"principal": {"op": "All"}}
        if policy["principal"] != _IS_AUDITOR:
            yield "for the auditor instead", policy | {"principal": _IS_AUDITOR}
    for action in policy["action"].get("entities", []):
        rest = [other for other in policy["action"]["entities"] if other != action]
        yield f"not for {action['id']}", policy | {"action": {"op": "in", "entities": rest}}
    obligations = [name.strip() for name in policy["annotations"].get("obligations", "").split(",")]
    for name in filter(None, obligations):
        annotations = dict(policy["annotations"])
        annotations["obligations"] = ",".join(other for other in obligations if other != name)
        if not annotations["obligations"]:
            del annotations["obligations"]
        yield f"without {name}", policy | {"annotations": annotations}


def _bodies(node: Json) -> Iterator[tuple[str, Json]]:
    """The expression with one operator turned, one side of `&&` or `||` kept, one element left out, or one
    number one more or less."""
    if isinstance(node, list):
        for index, part in enumerate(node):
            for what, mutant in _bodies(part):
                yield what, [*node[:index], mutant, *node[index + 1 :]]
    elif isinstance(node, dict):
        for operator, inside in node.items():
            if operator in ("&&", "||"):
                yield f"{operator}: left only", inside["left"]
                yield f"{operator}: right only", inside["right"]
            for turned in _TURNED.get(operator, ()):
                yield f"{operator} made {turned}", {turned: inside}
            if operator in _ASKS:
                yield f"{operator} turned", {"!": {"arg": node}}
            if operator == "Value":
                yield from ((f"{inside} made {value}", {"Value": value}) for value in _beside(inside))
            if operator == "Set":
                yield from ((f"{more} added", {"Set": [*inside, more]}) for more in _more(inside))
            if operator == "Set" and len(inside) > 1:
                for index in range(len(inside)):
                    yield f"without element {index}", {"Set": [*inside[:index], *inside[index + 1 :]]}
            for what, mutant in _bodies(inside):
                yield what, node | {operator: mutant}


def _more(listed: list[Json]) -> list[Json]:
    """What a list of roles, or of purposes, could have named too."""
    kinds = {element["Value"]["__entity"]["type"] for element in listed if "Value" in element}
    added = [
        {"Value": {"__entity": {"type": kind, "id": _MORE[kind]}}} for kind in sorted(kinds & _MORE.keys())
    ]
    return [more for more in added if more not in listed]


def _beside(value: Json) -> list[Json]:
    """The numbers next to this one; of a text such as "24h" the number in it."""
    if type(value) is int:
        return [value - 1, value + 1]
    if isinstance(value, str) and (number := _NUMBER.search(value)):
        return [value.replace(number[0], str(int(number[0]) + step)) for step in (-1, 1)]
    return []
