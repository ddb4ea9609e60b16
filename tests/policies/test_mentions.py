import json

import cedarpy
import pytest

from policies.mentions import can_hold_for, mentions
from policies.rules import Est

LONG = """
permit (principal in Role::"officer", action == Action::"ask", resource)
when { context.request.daysAfterRecording > 24 && principal in [Role::"decider"] }
unless { context.request has recipient || resource.maker == principal || true };
"""


def policy(text: str) -> Est:
    [found] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    return dict(found)


def test_what_a_rule_looks_at() -> None:
    seen = mentions([policy(LONG)])
    assert seen.roles == {"officer", "decider"}
    assert seen.attributes == {"request", "daysAfterRecording", "recipient", "maker"}
    assert seen.numbers == {24}


def test_annotations_are_not_looked_at() -> None:
    assert (
        mentions([policy('@type("Role") @id("officer") permit (principal, action, resource);')]).roles
        == frozenset()
    )


@pytest.mark.parametrize(
    ("conditions", "may"),
    [
        ('when { context.purpose == Purpose::"klacht" }', True),
        ('when { Purpose::"klacht" == context.purpose }', True),
        ('when { context.purpose == Purpose::"aangifte" }', False),
        ('when { principal.active && context.purpose == Purpose::"aangifte" }', False),
        ('when { principal.active || context.purpose == Purpose::"aangifte" }', True),
        ('when { principal.active } when { context.purpose == Purpose::"aangifte" }', False),
        ('when { [Purpose::"klacht", Purpose::"aangifte"].contains(context.purpose) }', True),
        ('when { [Purpose::"aangifte"].contains(context.purpose) }', False),
        ('unless { context.purpose == Purpose::"aangifte" }', True),
        ('when { context.purpose != Purpose::"aangifte" }', True),
        ("when { context.purpose == context.request.purpose }", True),
        ("", True),
    ],
)
def test_for_which_purpose_a_rule_can_hold(conditions: str, may: bool) -> None:
    assert can_hold_for(policy(f"forbid (principal, action, resource) {conditions};"), "klacht") is may
