from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

from policies.plain import plain
from tests.policies.world import NOW, World

WORLD = World("voorbeeldstad")
REQUEST = WORLD.ask("supervisor", "opsporing").request
FACTS = (WORLD.person("supervisor"), WORLD.recording, REQUEST, WORLD.grant(), WORLD.search())


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: type(facts).__name__)
def test_facts_of_other_types_are_not_plain(facts: Any) -> None:
    assert plain(facts)
    for member in fields(facts):
        assert not plain(replace(facts, **{member.name: object()})), member.name


@pytest.mark.parametrize(
    "changes",
    [
        {"team": None},
        {"team": "Ωέ\u2028"},
        {"depicted": frozenset()},
        {"recorded_at": NOW.astimezone(timezone(timedelta(hours=-5)))},
    ],
)
def test_what_may_be_so(changes: dict[str, Any]) -> None:
    assert plain(replace(WORLD.recording, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"regime": "eu"},
        {"state": None},
        {"depicted": frozenset({"x"})},
        {"recorded_at": datetime(2026, 3, 10)},  # noqa: DTZ001 - a time without zone is the point
    ],
)
def test_what_may_not(changes: dict[str, Any]) -> None:
    assert not plain(replace(WORLD.recording, **changes))


def test_a_number_has_64_bits_and_is_no_truth() -> None:
    assert REQUEST
    for number in (-(2**63), 0, 2**63 - 1):
        assert plain(replace(REQUEST, other_viewers=number))
    for wrong in (-(2**63) - 1, 2**63, True, cast(int, 1.0)):
        assert not plain(replace(REQUEST, other_viewers=wrong))


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        plain(replace(WORLD.recording, team="\ud800"))


def test_a_new_type_of_fact_has_to_be_known_here() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd:
        weight: float

    with pytest.raises(KeyError):
        plain(Odd(1.0))
