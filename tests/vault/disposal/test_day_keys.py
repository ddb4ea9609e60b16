"""Keys are there before they are needed, and of two who make them at once neither fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from console.demo import town
from policies.retention import days_later
from tests.installation import Installation
from tests.placing import NOW, is_placed, kept, keys, wrapped
from tests.watching import footage, keep
from vault.disposal.day_keys import day_of, prepare, provide
from vault.disposal.expiring import expire
from vault.disposal.placing import place
from vault.keys import DayKey
from vault.signals.raising import KEEPER

DAY = timedelta(days=1)


def test_what_comes_in_these_days_finds_its_key_made(installation: Installation) -> None:
    vault = installation.vault
    made = prepare(vault, now=NOW)
    held = vault.ring.footage.day_keys()
    assert made == len(held) > 4
    # The rings are for more of them than are registered; of those nothing comes in.
    assert {said.municipality for said in held.values()} == {town.SLUG}
    term = vault.rule_sets.of(town.SLUG).terms.term_of("avg")
    for ahead in range(4):
        assert DayKey(town.SLUG, day_of(days_later(NOW + ahead * DAY, term))) in held.values()
    assert DayKey(town.SLUG, date(8999, 12, 31)) in held.values()
    recording = keep(installation, footage(), started_at=NOW)
    place(vault, now=NOW)
    assert is_placed(installation, recording)
    assert wrapped(installation, recording).key_id in held
    assert vault.ring.footage.day_keys() == held
    assert prepare(vault, now=NOW) == 0
    terms = vault.rule_sets.of(town.SLUG).terms
    assert prepare(vault, now=NOW + DAY) == len({terms.term_of(regime) for regime in ("avg", "wpg")})
    expire(vault, KEEPER, now=NOW)
    assert set(keys(installation)) == set(vault.ring.footage.day_keys())


def test_the_same_key_is_given_again(installation: Installation) -> None:
    wanted = {DayKey(town.SLUG, date(2199, 1, day)) for day in (1, 2)}
    first = provide(installation.vault, wanted)
    assert provide(installation.vault, wanted) == first
    assert len(set(first.values())) == 2


def test_two_keepers_place_at_once(installation: Installation) -> None:
    recordings = [kept(installation, due=(5 + seed % 2) * DAY, seed=seed) for seed in range(6)]
    with ThreadPoolExecutor(4) as pool:
        rounds = [pool.submit(place, installation.vault, now=NOW) for _ in range(4)]
        for each in rounds:
            each.result()
    place(installation.vault, now=NOW)
    assert all(is_placed(installation, each) for each in recordings)
    held = installation.vault.ring.footage.day_keys()
    assert {wrapped(installation, each).key_id for each in recordings} <= held.keys()
