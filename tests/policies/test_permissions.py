"""What a rule set lets whom do, asked of rule sets that nobody published."""

import pytest

from policies.engine import RuleSet
from policies.facts import Action
from policies.permissions import Permission, Permissions
from tests.policies.world import rule_set, texts

TERMS = """
municipality = "dorp"
name = "Dorp"
timezone = "Europe/Amsterdam"
term_days = 28
longest_grant_hours = 24
wearing = { nl = "Wie wil.", en = "Whoever wants." }
recording = { nl = "Alles.", en = "Everything." }

[source]
title = "Dorp"
consulted = 2026-11-24

[purposes]
klacht = { nl = "Klacht", en = "Complaint" }
opsporing = { nl = "Opsporing", en = "Investigation" }
opleiding = { nl = "Opleiding", en = "Training" }

[recipients]
om = { nl = "OM", en = "Prosecutor" }
politie = { nl = "Politie", en = "Police" }
"""
RULES = """
permit (principal in Role::"officer", action == Action::"ask", resource)
when { context.purpose == Purpose::"klacht" && resource.maker == principal };
permit (principal, action == Action::"ask", resource)
when { principal in [Role::"decider", Role::"supervisor"] && context.purpose == Purpose::"opsporing" };
forbid (principal in Role::"supervisor", action == Action::"ask", resource)
when { context.purpose == Purpose::"opsporing" };
forbid (principal, action == Action::"ask", resource)
when { context.purpose == Purpose::"opsporing" }
unless { context.request has recipient };
forbid (principal, action == Action::"ask", resource)
when { context.request has recipient && context.request.recipient != Recipient::"om" };
forbid (principal, action == Action::"ask", resource)
when { context.purpose == Purpose::"klacht" }
unless { context.request.complaintFiled };
permit (principal, action == Action::"decide", resource)
when { context.purpose == Purpose::"klacht" };
"""


def dorp(rules: str = RULES, terms: str = "") -> RuleSet:
    """A rule set nobody has seen: of these rules, which are called rule-1, rule-2, …, and more terms."""
    titles = '@id("rule-{0}") @title_nl("Regel {0}.") @title_en("Rule {0}.") @basis("x")'
    written = "".join(
        f"{titles.format(number)}\n{rule};\n"
        for number, rule in enumerate(rules.strip().removesuffix(";").split(";\n"), 1)
    )
    shared = {name: text for name, text in texts("shared").items() if not name.endswith(".csv")}
    return RuleSet.parse("dorp", {"terms.toml": terms + TERMS, "rules.cedar": written}, shared)


PERMISSIONS = Permissions(dorp())
KLACHT, OPSPORING, OPLEIDING = PERMISSIONS.offers


def said(permissions: tuple[Permission, ...]) -> dict[str, tuple[tuple[str, ...], set[str]]]:
    return {each.rule.id: (each.roles, set(each.looks_at)) for each in permissions}


def test_a_purpose_has_its_askers() -> None:
    assert [offer.purpose for offer in PERMISSIONS.offers] == ["klacht", "opsporing", "opleiding"]
    assert said(KLACHT.permissions) == {"rule-1": (("officer",), {"maker"})}
    # A supervisor has the permit, and can never get past the forbid.
    assert said(OPSPORING.permissions) == {"rule-2": (("decider",), set())}
    assert OPLEIDING.permissions == ()


def test_a_purpose_has_its_conditions() -> None:
    own = {rule.id for rule in KLACHT.conditions if rule.file.startswith("dorp/")}
    assert own == {"rule-5", "rule-6"}
    own = {rule.id for rule in OPSPORING.conditions if rule.file.startswith("dorp/")}
    assert own == {"rule-4", "rule-5"}
    general = {rule.id for rule in PERMISSIONS.general_conditions}
    assert {"rule-5", "term-is-over", "asks-for-another"} <= general
    assert not {"rule-4", "rule-6", "purpose-not-offered", "works-council"} & general


def test_a_purpose_has_its_recipients() -> None:
    assert (KLACHT.recipients, OPSPORING.recipients, OPLEIDING.recipients) == (("om",), ("om",), ())


def test_deciding_has_its_purposes() -> None:
    [permission] = PERMISSIONS.permissions(Action.DECIDE)
    assert (permission.rule.id, permission.roles) == ("rule-7", ())
    assert PERMISSIONS.purposes_of(permission, Action.DECIDE) == ("klacht",)
    assert "own-request" in {rule.id for rule in PERMISSIONS.conditions(Action.DECIDE)}


def test_a_purpose_that_is_not_offered_is_refused_by_a_rule() -> None:
    refused = {rule.id for rule in PERMISSIONS.refusing("evaluatie")}
    assert refused == {"purpose-not-offered"}
    assert PERMISSIONS.refusing("klacht") == ()


def test_what_no_action_escapes() -> None:
    assert "works-council" in {rule.id for rule in PERMISSIONS.never}
    assert not {*PERMISSIONS.never} & {*PERMISSIONS.conditions(Action.ASK)}


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        (Action.READ_AUDIT, {"privacy-officer", "auditor"}),
        (Action.SETTLE_SIGNAL, {"privacy-officer"}),
        (Action.READ_LOG, {"privacy-officer", "auditor"}),
        (Action.PLACE_HOLD, {"privacy-officer", "decider"}),
        (Action.LIFT_HOLD, {"privacy-officer", "decider"}),
        (Action.CHANGE_REGIME, {"privacy-officer", "decider"}),
        (Action.ASK_ERASURE, {"privacy-officer", "decider", "supervisor", "officer"}),
        (Action.DECIDE_ERASURE, {"privacy-officer", "decider"}),
        (Action.READ_RETENTION, {"privacy-officer", "decider", "auditor", "functional-administrator"}),
        (Action.PROPOSE_RULES, {"privacy-officer", "functional-administrator"}),
        (Action.ACTIVATE_RULES, {"privacy-officer", "decider"}),
        (Action.READ_RULES, {"privacy-officer", "functional-administrator", "decider", "auditor"}),
    ],
)
def test_who_may_do_the_rest(action: Action, roles: set[str]) -> None:
    found = Permissions(rule_set("voorbeeldstad")).permissions(action)
    assert {role for each in found for role in each.roles} == roles


def test_without_a_rule_nobody_may_anything() -> None:
    nothing = Permissions(dorp('forbid (principal, action == Action::"ask", resource);'))
    assert all(offer.permissions == () for offer in nothing.offers)
    assert nothing.general_conditions == ()
