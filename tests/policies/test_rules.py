import cedarpy
import pytest

from policies.rules import BUILT_IN, Effect, Obligation, Rule, parse_rules
from tests.policies.world import texts

SCHEMA = cedarpy.Schema.from_str(texts("shared")["schema.cedarschema"])
GOOD = """
@id("supervisor-asks")
@title_nl("De teamleider vraagt.")
@title_en("The supervisor asks.")
@basis("AVG art. 6")
@obligations("decider, no-copy")
permit (principal in Role::"supervisor", action == Action::"ask", resource)
when { context.purpose == Purpose::"klacht" };
"""


def complaints(text: str) -> list[str]:
    return [str(problem) for problem in parse_rules("x/rules.cedar", text, SCHEMA)[1]]


def test_reads_a_rule() -> None:
    [(rule, policy)], problems = parse_rules("x/rules.cedar", GOOD, SCHEMA)
    assert not problems
    assert rule == Rule(
        id="supervisor-asks",
        effect=Effect.PERMIT,
        title_nl="De teamleider vraagt.",
        title_en="The supervisor asks.",
        basis="AVG art. 6",
        obligations=frozenset({Obligation.DECIDER, Obligation.NO_COPY}),
        file="x/rules.cedar",
    )
    assert policy["effect"] == "permit"


@pytest.mark.parametrize(
    ("text", "instead", "complaint"),
    [
        ('@id("supervisor-asks")', "", "rule number 1: @id is missing or empty"),
        ('@id("supervisor-asks")', '@id("Supervisor asks")', "@id must be lower-case words"),
        ('@id("supervisor-asks")', '@id("no-rule-permits")', "@id is the name of a built-in reason"),
        ('@title_nl("De teamleider vraagt.")', "", "rule supervisor-asks: @title_nl is missing or empty"),
        ('@title_en("The supervisor asks.")', '@title_en("  ")', "@title_en is missing or empty"),
        ('@basis("AVG art. 6")', "", "@basis is missing or empty"),
        ('@basis("AVG art. 6")', '@basis("")', "@basis is missing or empty"),
        ('@basis("AVG art. 6")', "@basis", "@basis is missing or empty"),
        ("@obligations", "@obligation", "@obligation is not an annotation known here"),
        ("decider, no-copy", "decider, no-copies", "'no-copies' is not an obligation known here"),
        ("decider, no-copy", "", "'' is not an obligation known here"),
        (
            '@basis("AVG art. 6")',
            '@basis("x") @remedy_nl("Vraag.") ',
            "@remedy_nl and @remedy_en go together",
        ),
        (
            '@basis("AVG art. 6")',
            '@basis("x") @remedy_nl("Vraag.") @remedy_en(" ")',
            "@remedy_nl and @remedy_en go together",
        ),
        (
            '@basis("AVG art. 6")',
            '@basis("x") @remedy_nl("Vraag.") @remedy_en("Ask.")',
            "@remedy_nl and @remedy_en mean nothing on a permit",
        ),
        ("permit (", "forbid (", "@obligations means nothing on a forbid"),
        ('action == Action::"ask"', "action", "a permit must name its actions"),
        ('Purpose::"klacht"', 'Purpose::"klagt"', "is not declared as a valid eid"),
        ('Role::"supervisor"', 'Role::"supervizor"', "is not declared as a valid eid"),
        ("context.purpose", "context.porpoise", "porpoise"),
        ("context.purpose", "context.grant.purpose", "grant"),
        ('principal in Role::"supervisor"', "principal == ?principal", "is a template"),
        ("when {", "when {{", "is not Cedar"),
    ],
)
def test_says_what_is_wrong(text: str, instead: str, complaint: str) -> None:
    assert text in GOOD
    assert complaint in "\n".join(complaints(GOOD.replace(text, instead)))


def test_a_denial_can_say_what_would_help() -> None:
    text = GOOD.replace('@obligations("decider, no-copy")', '@remedy_nl("Vraag.")\n@remedy_en(" Ask. ")')
    [(rule, _)], problems = parse_rules("x/rules.cedar", text.replace("permit (", "forbid ("), SCHEMA)
    assert not problems
    assert (rule.remedy_nl, rule.remedy_en) == ("Vraag.", "Ask.")


def test_names_the_rule_when_it_does_not_fit_the_schema() -> None:
    [complaint] = complaints(GOOD.replace('Purpose::"klacht"', 'Purpose::"klagt"'))
    assert complaint.startswith("x/rules.cedar, rule supervisor-asks: ")


def test_names_the_second_rule_without_id_by_its_place() -> None:
    assert complaints(GOOD + GOOD.replace('@id("supervisor-asks")', "")) == [
        "x/rules.cedar, rule number 2: @id is missing or empty"
    ]


def test_keeps_the_order_of_the_file_past_ten_rules() -> None:
    ids = [f"rule-{number}" for number in range(12)]
    rules, _ = parse_rules("x", "".join(GOOD.replace("supervisor-asks", id_) for id_ in ids), SCHEMA)
    assert [rule.id for rule, _ in rules] == ids


def test_built_in_reasons_are_forbids() -> None:
    assert {rule.effect for rule in BUILT_IN.values()} == {Effect.FORBID}
    assert all(key == rule.id for key, rule in BUILT_IN.items())
