"""Reading rules without Cedar: of what is known they say what Cedar says, errors included."""

import json

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.conditions import ALWAYS, NEVER, Among, Fact, Present, every, no
from policies.residuals import RECORDING, Asked, Found, permitted
from policies.symbols import Record
from policies.values import Moment, Ref, ref

PRINCIPAL, ELSE = ref("Person", "p"), ref("Person", "q")
ENTITIES = [
    {"uid": {"type": "Person", "id": "p"}, "attrs": {"active": True, "age": 3},
     "parents": [{"type": "Role", "id": "officer"}]},
]  # fmt: skip
ASKED = Asked(
    {
        "principal": PRINCIPAL,
        "action": ref("Action", "a"),
        "resource": ref("Thing", "r"),
        "context": Record({"other": ELSE, "self": PRINCIPAL, "now": Moment(1_773_144_000_000)}),
        "municipality": ref("Municipality", "m"),
    },
    {PRINCIPAL: {"active": True, "age": 3}},
    frozenset({ref("Role", "officer")}),
)
QUESTION = {
    "principal": 'Person::"p"',
    "action": 'Action::"a"',
    "resource": 'Thing::"r"',
    "context": json.dumps(
        {
            "other": {"__entity": {"type": "Person", "id": "q"}},
            "self": {"__entity": {"type": "Person", "id": "p"}},
            "now": {"__extn": {"fn": "datetime", "arg": "2026-03-10T12:00:00Z"}},
        }
    ),
}
SIMPLE = st.sampled_from(
    [
        "true",
        "false",
        "principal.active",
        "principal has age",
        "principal has height",
        "principal.age + 9223372036854775807 > 0",
        "principal.age * 2 - 1 == -(-5)",
        "context.other.active",
        "context.other has active",
        "context has other",
        "context has nothing",
        "context.self.active",
        "context.self == principal",
        "context.other != principal",
        'principal in Role::"officer"',
        'principal in [Role::"auditor", context.other]',
        'context.other in Role::"officer"',
        "context.other in principal",
        "principal in principal",
        'principal is Person in Role::"officer"',
        "principal is Thing",
        'action == Action::"a"',
        "[principal, context.other].contains(context.self)",
        "[1, 2].containsAll([2, 3])",
        "[1, 2].containsAny([2, 3])",
        "[].isEmpty()",
        'context.now > datetime("2026-03-10T13:00:00+0200")',
        'context.now.toTime() == duration("12h")',
        'context.now.durationSince(datetime("2026-03-09")).toHours() == 36',
        'context.now.offset(duration("106751991167d")) > context.now',
        "3 < principal.age",
        "3 >= principal.age",
    ]
)
EXPRESSIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.tuples(inner, inner).map("(({0[0]}) && ({0[1]}))".format),
        st.tuples(inner, inner).map("(({0[0]}) || ({0[1]}))".format),
        st.tuples(SIMPLE, SIMPLE).map("(({0[0]}) == ({0[1]}))".format),
        st.tuples(inner, inner, inner).map("(if {0[0]} then {0[1]} else {0[2]})".format),
    ),
    max_leaves=8,
)
SCOPES = st.sampled_from(
    ["principal", 'principal in Role::"officer"', 'principal == Person::"q"', "principal is Thing"]
)


@settings(max_examples=400, deadline=None)
@given(scope=SCOPES, kind=st.sampled_from(["when", "unless"]), one=EXPRESSIONS, other=EXPRESSIONS)
def test_of_what_is_known_rules_say_what_cedar_says(scope: str, kind: str, one: str, other: str) -> None:
    text = f"permit ({scope}, action, resource) {kind} {{ {one} }} when {{ {other} }};"
    [policy] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    found = ASKED.read(policy)
    answer = cedarpy.is_authorized(QUESTION, text, ENTITIES)
    if answer.diagnostics.errors:
        assert (found.holds, found.error) == (NEVER, ALWAYS)
    else:
        assert (found.holds, found.error) == (ALWAYS if answer.allowed else NEVER, NEVER)


TEAM = Fact("recording.team", "Team")
CENTRUM = Among(TEAM, frozenset({"centrum"}))


def read(condition: str) -> Found:
    text = f"permit (principal, action, resource) when {{ {condition} }};"
    [policy] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    return Asked({**ASKED.variables, "resource": RECORDING}, ASKED.entities, ASKED.roles).read(policy)


def test_a_fact_that_a_row_lacks_is_an_error_of_that_row() -> None:
    found = read('resource.team == Team::"centrum"')
    assert found == Found(every(CENTRUM, Present(TEAM)), no(Present(TEAM)))
    guarded = read('resource has team && resource.team == Team::"centrum"')
    assert guarded.error == every(Present(TEAM), no(Present(TEAM)))


def test_a_row_of_which_any_rule_fails_is_left_out() -> None:
    holds, fails = Present(TEAM), CENTRUM
    assert permitted([Found(ALWAYS)], []) is ALWAYS
    assert permitted([], []) is NEVER
    assert permitted([Found(ALWAYS), Found(NEVER, fails)], []) == no(fails)
    assert permitted([Found(ALWAYS)], [Found(holds, fails)]) == every(no(fails), no(holds))
    assert permitted([Found(ALWAYS)], [Found(ALWAYS)]) is NEVER


@pytest.mark.parametrize(
    ("condition", "principal_only"),
    [('resource.maker in Role::"officer"', True), ('resource.maker in Role::"auditor"', False)],
)
def test_of_others_nobody_knows_their_roles(condition: str, principal_only: bool) -> None:
    maker = Among(Fact("recording.maker", "Person"), frozenset({"p"}))
    assert read(condition).holds == (maker if principal_only else NEVER)


def test_an_entity_nobody_knows_anything_of() -> None:
    assert read('Person::"q".active') == Found(NEVER, ALWAYS)
    assert isinstance(ELSE, Ref)
