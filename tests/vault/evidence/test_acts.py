"""Counts told by purpose and by rule; what is not known any more is told all the same."""

from vault.audit import Event
from vault.evidence.acts import NO_PURPOSE, counts, denials, number_of, purposes
from vault.evidence.counting import Count
from vault.rulesets import load_rule_sets

RULE_SET = load_rule_sets().of("voorbeeldstad")
FOUND = [
    Count("2026-11", "request.refused", "klacht", "deny", ("works-council", "long-gone"), 2),
    Count("2026-11", "request.refused", "klacht", "deny", ("works-council",), 3),
    Count("2026-12", "request.allowed", None, "allow", ("works-council",), 1),
    Count("2026-12", "trail.read", "audit", "allow", (), 7),
]


def test_a_rule_that_is_gone_is_told_by_its_id() -> None:
    told = denials(FOUND, RULE_SET)
    assert [(each.rule, each.number) for each in told] == [("works-council", 5), ("long-gone", 2)]
    assert (told[1].title.nl, told[1].basis) == ("long-gone", "")


def test_counts_lose_their_rules_and_keep_their_numbers() -> None:
    told = counts(FOUND)
    assert [(each.month, each.purpose, each.number) for each in told] == [
        ("2026-11", "klacht", 5),
        ("2026-12", None, 1),
        ("2026-12", "audit", 7),
    ]


def test_only_what_is_about_footage_has_a_purpose_of_access() -> None:
    told = purposes(FOUND, {"klacht": 4}, RULE_SET.terms)
    by_purpose = {each.purpose: each for each in told}
    assert "audit" not in by_purpose
    assert (by_purpose["klacht"].asked, by_purpose["klacht"].recordings_watched) == (5, 4)
    assert (by_purpose[None].title, by_purpose[None].allowed) == (NO_PURPOSE, 1)
    assert by_purpose["aangifte"].asked == 0


def test_events_are_added_up() -> None:
    assert number_of(FOUND, Event.REQUEST_REFUSED, Event.REQUEST_ALLOWED) == 6
