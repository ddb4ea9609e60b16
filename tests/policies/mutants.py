"""Every way to weaken or strengthen one rule by one step, by way of Cedar's JSON form."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import cedarpy

Json = Any
_TURNED = {">=": ">", "<": "<=", "==": "!=", "!=": "=="}


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """What was done, and the file's text with that one thing done."""
    whole = json.loads(cedarpy.policies_to_json_str(text))
    for key, policy in whole["staticPolicies"].items():
        name = policy["annotations"]["id"]
        yield f"{name}: removed", _write({k: p for k, p in whole["staticPolicies"].items() if k != key})
        for what, mutant in _one_step(policy):
            yield f"{name}: {what}", _write(whole["staticPolicies"] | {key: mutant})


def _write(policies: dict[str, Json]) -> str:
    return cedarpy.policies_from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
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
    """The expression with one operator turned, one side of `&&` or `||` kept, or one element left out."""
    if isinstance(node, list):
        for index, part in enumerate(node):
            for what, mutant in _bodies(part):
                yield what, [*node[:index], mutant, *node[index + 1 :]]
    elif isinstance(node, dict):
        for operator, inside in node.items():
            if operator in ("&&", "||"):
                yield f"{operator}: left only", inside["left"]
                yield f"{operator}: right only", inside["right"]
            if operator in _TURNED:
                yield f"{operator} turned", {_TURNED[operator]: inside}
            if operator == "Set" and len(inside) > 1:
                for index in range(len(inside)):
                    yield f"without element {index}", {"Set": [*inside[:index], *inside[index + 1 :]]}
            for what, mutant in _bodies(inside):
                yield what, node | {operator: mutant}
