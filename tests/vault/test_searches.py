"""Searches: who may look, at what, for how long; page after page; and what stands in the trail of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import CASE, PURPOSE, REASON, entries, footage, keep, payload_of
from vault import pages
from vault.audit import Event
from vault.facts import Unknown
from vault.filters import clause_of
from vault.ids import RecordingId, SearchId, new_id
from vault.registry import Registrar
from vault.searches import OPEN_FOR, Finding, Place, Wanted, close, find, find_own, open_search
from vault.tables import Search

NOW = datetime.now(UTC)
HAPPENED = NOW - timedelta(hours=20)


def wanted(**changed: Any) -> Wanted:
    about = Wanted(
        town.SLUG, PURPOSE, REASON, CASE, HAPPENED - timedelta(hours=1), HAPPENED + timedelta(hours=1)
    )
    return replace(about, **changed)


def opened(made: Installation, who: town.Resident = town.SUPERVISOR, **changed: Any) -> SearchId:
    opening = open_search(made.vault, made.caller(who), wanted(**changed), now=NOW)
    assert opening.search
    return opening.search


def recorded(made: Installation, minutes: float, seed: int) -> RecordingId:
    return keep(made, footage(1000, seed), started_at=HAPPENED + timedelta(minutes=minutes))


def shown(
    made: Installation, search: SearchId, who: town.Resident = town.SUPERVISOR, **more: Any
) -> list[Any]:
    page = find(made.vault, made.caller(who), search, **{"now": NOW, **more})
    return [found.recording.id for found in page.rows]


def refused(made: Installation, who: town.Resident = town.SUPERVISOR, **changed: Any) -> list[str]:
    opening = open_search(made.vault, made.caller(who), wanted(**changed), now=NOW)
    assert opening.search is None
    [*_, entry] = entries(made, Event.SEARCH_DENIED)
    leaf = json.loads(entry.leaf)
    assert leaf["dec"] == "deny"
    assert leaf["why"] == [rule.id for rule in opening.residual.reasons]
    with made.vault.database.reading() as session:
        assert session.query(Search).count() == 0
    return [rule.id for rule in opening.residual.reasons]


def test_what_lies_within_the_search_is_found_newest_first(installation: Installation) -> None:
    inside = [recorded(installation, minutes, seed) for seed, minutes in enumerate((-59, 0, 59))]
    for seed, minutes in enumerate((-61, 61)):
        recorded(installation, minutes, seed + 10)
    search = opened(installation)
    assert shown(installation, search) == inside[::-1]


def test_a_page_is_entered_with_what_it_showed(installation: Installation) -> None:
    recording = recorded(installation, 0, 1)
    search = opened(installation)
    shown(installation, search)
    [opening], [entry] = (entries(installation, e) for e in (Event.SEARCH_OPENED, Event.RECORDINGS_FOUND))
    leaf = json.loads(entry.leaf)
    assert (leaf["dec"], leaf["why"], leaf["purpose"]) == ("allow", ["found-within-search"], PURPOSE)
    assert leaf["facts"] == {"listed": 1}
    assert leaf["op"] == "consult"
    assert str(recording) not in entry.leaf.decode()
    said = payload_of(installation, entry)
    assert said["object"] == {"kind": "search", "id": str(search)}
    assert said["details"]["shown"] == [str(recording)]
    why = payload_of(installation, opening)["details"]
    assert (why["reason"], why["caseReference"]) == (REASON, CASE)


def test_pages_follow_one_another_without_gap_or_double(installation: Installation) -> None:
    # Two of one moment: where a page ends between them, neither is lost.
    made = [recorded(installation, minutes, seed) for seed, minutes in enumerate((1, 2, 2, 3, 4))]
    search = opened(installation)
    seen, after = [], None
    for _ in range(4):
        page = find(
            installation.vault, installation.caller(town.SUPERVISOR), search, now=NOW, after=after, most=2
        )
        seen += [found.recording.id for found in page.rows]
        after = page.next_after
        if after is None:
            break
    assert len(seen) == 5
    assert set(seen) == set(made)
    assert [seen[0], seen[1], seen[4]] == [made[4], made[3], made[0]]


def test_a_search_that_finds_nothing_is_an_empty_page(small: Installation) -> None:
    page = find(small.vault, small.caller(town.SUPERVISOR), opened(small), now=NOW)
    assert (page.permitted, page.rows, page.next_after) == (True, [], None)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"until": HAPPENED + timedelta(hours=24)}, "search-too-wide"),
        ({"case_reference": None}, "search-needs-case"),
        ({"case_reference": ""}, "search-needs-case"),
        ({"purpose": "functioneringsgesprek"}, "works-council"),
        ({"purpose": "audit"}, "purpose-not-offered"),
        ({"purpose": "nieuwsgierigheid"}, "purpose-unknown"),
    ],
)
def test_a_search_that_could_find_nothing_is_not_opened(
    small: Installation, changed: dict[str, Any], rule: str
) -> None:
    assert rule in refused(small, **changed)


def test_a_day_and_a_night_is_not_too_wide(small: Installation) -> None:
    opened(small, until=HAPPENED + timedelta(hours=23))


def test_who_has_no_business_with_footage_opens_no_search(small: Installation) -> None:
    assert refused(small, town.ADMINISTRATOR) == ["no-rule-permits"]


def test_an_officer_searches_their_own_work_only(small: Installation) -> None:
    own = recorded(small, 0, 1)
    other = Registrar(small.vault.database, small.vault.ring, MAKER).person(
        small.settings.oidc_issuer or "", "other", "Other", now=NOW
    )
    Registrar(small.vault.database, small.vault.ring, MAKER).assign(
        other, town.SLUG, "officer", team=town.TEAM, now=NOW
    )
    theirs = keep(small, footage(1000, 2), officer="other", started_at=HAPPENED)
    assert shown(small, opened(small, town.OFFICER), town.OFFICER) == [own]
    Registrar(small.vault.database, small.vault.ring, MAKER).depict(
        theirs, small.town.people[town.OFFICER.subject], now=NOW
    )
    page = find_own(small.vault, small.caller(town.OFFICER), town.SLUG, "zelfevaluatie", now=NOW)
    assert {found.recording.id for found in page.rows} == {own, theirs}
    assert {found.camera for found in page.rows} == {town.CAMERA}


def test_own_work_is_not_for_who_only_supervises(small: Installation) -> None:
    recorded(small, 0, 1)
    page = find_own(small.vault, small.caller(town.SUPERVISOR), town.SLUG, PURPOSE, now=NOW)
    assert not page.permitted
    assert page.rows == []
    [entry] = entries(small, Event.SEARCH_DENIED)
    assert json.loads(entry.leaf)["facts"] == {"listed": 0}


def test_a_search_is_its_requesters(small: Installation) -> None:
    recorded(small, 0, 1)
    search = opened(small)
    page = find(small.vault, small.caller(town.PRIVACY_OFFICER), search, now=NOW)
    assert [rule.id for rule in page.residual.reasons] == ["search-of-another"]
    assert page.rows == []
    with pytest.raises(Unknown):
        close(small.vault, small.caller(town.PRIVACY_OFFICER), search, now=NOW)
    assert shown(small, search)


def test_a_search_ends_by_itself_or_is_closed(small: Installation) -> None:
    recorded(small, 0, 1)
    search, other = opened(small), opened(small)
    assert shown(small, search, now=NOW + OPEN_FOR - timedelta(milliseconds=1))
    over = find(small.vault, small.caller(town.SUPERVISOR), search, now=NOW + OPEN_FOR)
    assert [rule.id for rule in over.residual.reasons] == ["search-closed"]
    close(small.vault, small.caller(town.SUPERVISOR), other, now=NOW)
    closed = find(small.vault, small.caller(town.SUPERVISOR), other, now=NOW)
    assert [rule.id for rule in closed.residual.reasons] == ["search-closed"]
    assert len(entries(small, Event.SEARCH_CLOSED)) == 1


def test_who_is_made_inactive_finds_nothing_more(small: Installation) -> None:
    recorded(small, 0, 1)
    search = opened(small)
    registrar = Registrar(small.vault.database, small.vault.ring, MAKER)
    registrar.deactivate_person(small.town.people[town.SUPERVISOR.subject], now=NOW)
    assert shown(small, search) == []


def test_a_search_that_never_was(small: Installation) -> None:
    with pytest.raises(Unknown):
        find(small.vault, small.caller(town.SUPERVISOR), SearchId(new_id()), now=NOW)


def test_a_row_that_sql_should_not_have_chosen_is_not_shown(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(small, 0, 1)
    search = opened(small)
    later = recorded(small, 61, 2)
    monkeypatch.setattr("vault.searches.clause_of", lambda *_: clause_of(*_).is_not(None))
    logged: list[int] = []
    monkeypatch.setattr(pages.log, "error", lambda _event, count: logged.append(count))
    assert later not in shown(small, search)
    assert logged == [1]


def test_a_place_tells_nothing_of_a_row_that_is_not_shown(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    within = [recorded(small, minutes, seed) for seed, minutes in enumerate((1, 2))]
    search = opened(small)
    for seed, minutes in enumerate((-62, -61, 61, 62)):
        recorded(small, minutes, seed + 10)
    monkeypatch.setattr("vault.searches.clause_of", lambda *_: clause_of(*_).is_not(None))

    def page(most: int, after: Place | None = None) -> Finding:
        return find(small.vault, small.caller(town.SUPERVISOR), search, now=NOW, after=after, most=most)

    assert (page(2).rows, page(2).next_after) == ([], None)
    first = page(5)
    assert [found.recording.id for found in first.rows] == within[::-1]
    assert first.next_after
    assert first.next_after.recording == within[0]
    assert page(5, first.next_after).rows == []
