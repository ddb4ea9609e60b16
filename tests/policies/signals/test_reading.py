"""signals.toml: what it may say, what is wrong with it said clearly, and how a municipality changes it."""

from datetime import timedelta

import pytest

from policies.engine import RuleSet
from policies.problems import Problem, RuleSetInvalid
from policies.signals.happening import WATCHED
from policies.signals.patterns import KINDS, ManyDifferent, OutsideHours
from policies.signals.reading import Signal, read_signals
from tests.policies.signals.scene import HOURS, READ, SHARED
from tests.policies.world import texts
from vault.audit import Event

OWN = """
[nightly-searches]
title = { nl = "Zoekvragen in de nacht", en = "Searches at night" }
explanation = { nl = "Om {clock} werd gezocht.", en = "A search was opened at {clock}." }
does_not_mean = { nl = "Niet dat het niet mocht.", en = "Not that it was not allowed." }
once_per = ["person", "day"]
quiet_for = "1d"

[nightly-searches.pattern]
kind = "outside-hours"
of = { events = ["search.opened"] }
hours = { days = ["monday"], from = 07:00:00, until = 20:00:00 }
"""


def read(own: str) -> tuple[dict[str, Signal], list[Problem]]:
    problems: list[Problem] = []
    both = {"shared/signals.toml": texts("shared")["signals.toml"], "dorp/signals.toml": own}
    return dict(read_signals(both, "dorp", problems)), problems


def test_the_eight_that_come_along() -> None:
    assert list(SHARED) == [
        "purpose-tried-after-denial",
        "many-viewers",
        "mutual-approvals",
        "approved-within-seconds",
        "viewed-shortly-before-disposal",
        "grant-not-used",
        "viewing-without-completion",
        "requested-out-of-hours",
    ]
    assert {type(signal.pattern) for signal in SHARED.values()} == set(KINDS)


@pytest.mark.parametrize("signal", SHARED.values(), ids=lambda signal: signal.id)
def test_each_says_what_it_does_and_does_not_mean(signal: Signal) -> None:
    for text in (signal.explanation, signal.does_not_mean):
        assert text.nl.endswith(".")
        assert text.en.endswith(".")
        assert text.nl != text.en
    assert signal.does_not_mean.nl.startswith(("Niet", "Niets"))
    assert "{" in signal.explanation.nl


def test_what_can_be_watched_are_events_of_the_trail() -> None:
    assert {event.value for event in Event} >= WATCHED
    assert not {name for name in WATCHED if name.startswith(("recording.", "arrival.", "officer."))}


def test_a_municipality_changes_a_number_and_keeps_the_rest() -> None:
    found, problems = read("[many-viewers]\npattern = { at_least = 3 }\n")
    assert problems == []
    pattern = found["many-viewers"].pattern
    assert isinstance(pattern, ManyDifferent)
    assert (pattern.at_least, pattern.within) == (3, timedelta(days=7))
    assert found["many-viewers"].title == SHARED["many-viewers"].title
    assert found["mutual-approvals"] == SHARED["mutual-approvals"]


def test_a_municipality_turns_one_off_and_adds_its_own() -> None:
    found, problems = read(f"[many-viewers]\noff = true\n{OWN}")
    assert problems == []
    assert list(found) == [*(name for name in SHARED if name != "many-viewers"), "nightly-searches"]
    assert found["nightly-searches"].events == {"search.opened"}


def test_another_kind_of_pattern_takes_nothing_of_the_shared_one() -> None:
    own = (
        '[grant-not-used]\npattern = { kind = "shortly-before", of = { events = ["viewing.served"] }, '
        'before = "disposal", within = "1h" }\n'
    )
    found, problems = read(own)
    assert problems == []
    assert found["grant-not-used"].pattern.kind == "shortly-before"


def wrong(old: str, new: str) -> list[str]:
    assert old in OWN
    _, problems = read(OWN.replace(old, new))
    assert {problem.file for problem in problems} == {"dorp/signals.toml"}
    return [problem.text for problem in problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[nightly-searches]", "[Nightly]", "Nightly: a signal is named in small letters and hyphens"),
        ('"outside-hours"', '"ranking"', "nightly-searches.pattern: Input tag 'ranking' found"),
        (
            "search.opened",
            "recording.kept",
            "nightly-searches.pattern.of.events.0: Input should be 'request.",
        ),
        ('["person", "day"]', '["rank"]', "nightly-searches.once_per.0: Input should be 'person'"),
        ('["person", "day"]', "[]", "nightly-searches.once_per: Tuple should have at least 1 item"),
        ('["person", "day"]', '["day", "day"]', "nightly-searches.once_per: names one twice"),
        ('"1d"', '"1 dag"', 'nightly-searches.quiet_for: must be a number and s, m, h or d, such as "10s"'),
        ('"1d"', '"400d"', "nightly-searches.quiet_for: must not be longer than 366d"),
        ("07:00:00", "21:00:00", "nightly-searches.pattern.hours: until must come after from"),
        (
            "Om {clock}",
            "Om {clok}",
            "nightly-searches: explanation: {clok} is no figure of this pattern; it has",
        ),
        ("at {clock}", "at night", "nightly-searches: explanation: nl and en do not have the same figures"),
        ("quiet_for", "quiet", "nightly-searches.quiet: Extra inputs are not permitted"),
        ("does_not_mean", "# does_not_mean", "nightly-searches.does_not_mean: Field required"),
        ("[nightly-searches]", "nightly = 1", "nightly: must be a table with the name of a signal"),
        ("07:00:00", "7 o'clock", "is not TOML: "),
    ],
)
def test_what_is_wrong_is_said_where_it_is(old: str, new: str, said: str) -> None:
    assert any(text.startswith(said) for text in wrong(old, new)), wrong(old, new)


def test_what_should_follow_has_one_end() -> None:
    for more in ("", ', until = "grant-ends", within = "1d"'):
        pattern = (
            'pattern = { kind = "missing-after", first = { events = ["viewing.served"] }, '
            f'then = {{ events = ["viewing.completed"] }}, same = ["viewing"]{more} }}'
        )
        rest = OWN[: OWN.index("[nightly-searches.pattern]")].replace("{clock}", "{within}")
        _, problems = read(rest + pattern)
        assert [each.text for each in problems] == ["nightly-searches.pattern: needs either within or until"]


def test_a_rule_set_has_its_signals_and_refuses_what_is_none() -> None:
    files, shared = texts("voorbeeldstad"), texts("shared")
    without = RuleSet.parse("voorbeeldstad", files, shared)
    assert without.signals == READ
    changed = RuleSet.parse("voorbeeldstad", {**files, "signals.toml": OWN}, shared)
    assert "nightly-searches" in changed.signals
    assert changed.digest != without.digest
    own = {**files, "signals.toml": "[many-viewers]\npattern = { at_least = 1 }\n"}
    with pytest.raises(RuleSetInvalid, match=r"voorbeeldstad/signals.toml: many-viewers.pattern.at_least"):
        RuleSet.parse("voorbeeldstad", own, shared)


def test_rules_of_before_there_were_signals_have_none() -> None:
    before = {name: text for name, text in texts("shared").items() if name != "signals.toml"}
    assert RuleSet.parse("voorbeeldstad", texts("voorbeeldstad"), before).signals == {}


def test_hours_are_the_municipalitys_unless_a_signal_has_its_own() -> None:
    found, problems = read(OWN)
    assert problems == []
    by_hours = {name: signal.with_hours(HOURS) for name, signal in found.items()}
    changed = {name for name, signal in by_hours.items() if signal != found[name]}
    assert changed == {"requested-out-of-hours"}
    pattern = by_hours["requested-out-of-hours"].pattern
    assert isinstance(pattern, OutsideHours)
    assert pattern.hours == HOURS
