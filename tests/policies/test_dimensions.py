from policies.dimensions import NOBODY, OTHER, STRANGER, Dimensions, dimensions
from policies.engine import RuleSet
from policies.facts import Action
from policies.scenes import Relation
from tests.policies.world import roles, rule_set, texts, words

MORE = """
@id("more") @title_nl("Meer.") @title_en("More.") @basis("x")
forbid (principal, action == Action::"ask", resource)
when { context.purpose == Purpose::"klacht" }
when { %s };
"""


def asked(municipality: str, purpose: str, action: Action = Action.ASK, more: str = "") -> Dimensions:
    own = texts(municipality)
    rules = rule_set(municipality)
    if more:
        rules = RuleSet.parse(municipality, own | {"more.cedar": MORE % more}, texts("shared"))
    return dimensions(rules, words(), roles(), action, purpose)


def test_only_what_rules_for_that_purpose_look_at() -> None:
    complaint = asked("heerde", "klacht")
    assert list(complaint.roles) == ["klachtbehandelaar", OTHER]
    assert set(complaint.relations) == {NOBODY, "maker", "in beeld"}
    assert complaint.conditions == ("complaint_filed", "has_case_reference")
    assert list(complaint.days) == ["0-27", "28-"]
    assert list(complaint.viewers) == ["0-"]
    assert list(complaint.recipients) == [NOBODY, "betrokkene", "om", STRANGER]


def test_the_role_that_is_not_named_is_one_that_is_not_named() -> None:
    complaint = asked("heerde", "klacht")
    assert complaint.roles["klachtbehandelaar"] == {"complaint-handler"}
    assert complaint.roles[OTHER].isdisjoint({"complaint-handler"})
    assert len(complaint.roles[OTHER]) == 1


def test_the_other_role_is_never_one_that_is_named() -> None:
    complaint = asked("heerde", "klacht", more='principal in Role::"application"')
    assert list(complaint.roles) == ["toepassing", "klachtbehandelaar", OTHER]
    assert complaint.roles[OTHER].isdisjoint({"application", "complaint-handler"})


def test_every_day_on_which_an_answer_can_change() -> None:
    assert list(asked("heerde", "inzageverzoek").days) == ["0-20", "21", "22-27", "28-"]
    assert list(asked("alphen-aan-den-rijn", "opsporing").days) == [
        *("0-27", "28-364", "365-1825", "1826-3651", "3652-"),
    ]


def test_a_rule_about_the_moment_is_asked_about_each_day() -> None:
    late = 'context.now.durationSince(resource.recordedAt) > duration("50h")'
    assert list(asked("heerde", "klacht", more=late).days) == [*map(str, range(29)), "29-"]


def test_a_case_matters_where_police_data_is_kept_for_years() -> None:
    """Rules for all look at it then, of whoever decides too."""
    assert "has_case_reference" in asked("alphen-aan-den-rijn", "opsporing", Action.DECIDE).conditions
    assert "has_case_reference" not in asked("heerde", "aangifte", Action.DECIDE).conditions


def test_both_regimes_where_they_differ() -> None:
    assert "wpg" in asked("soest", "zelfevaluatie").conditions
    assert "wpg" in asked("alphen-aan-den-rijn", "klacht").conditions
    assert "wpg" not in asked("heerde", "klacht").conditions


def test_viewers_where_their_number_counts() -> None:
    assert list(asked("rijswijk", "klacht").viewers) == ["0-4", "5-"]
    more = "context.request.otherViewers >= 2"
    assert list(asked("heerde", "klacht", more=more).viewers) == ["0-1", "2", "3-"]


def test_a_neighbour_where_the_service_is_shared() -> None:
    assert asked("cuijk", "inzageverzoek").relations["andere gemeente"] == {Relation.OTHER_MUNICIPALITY}
    assert "andere gemeente" not in asked("heerde", "inzageverzoek").relations


def test_deciding_is_about_others_and_oneself() -> None:
    decide = asked("heerde", "klacht", Action.DECIDE)
    assert list(decide.roles) == ["beheerder", "privacy-officer", OTHER]
    assert list(decide.relations) == [NOBODY, "eigen verzoek"]
    assert decide.conditions == ()


def test_each_team_relation_once() -> None:
    assert list(asked("heerde", "aangifte").relations) == [NOBODY, "ander team", "geen team"]
