"""Lists of requests and grants: one's own, those of others as far as the rules go, what waits first."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, true

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import approve, entries, footage, keep, payload_of, wish
from vault.audit import Event
from vault.ids import RecordingId
from vault.lists import Wanted, Whose, list_grants, list_requests
from vault.registry import Registrar
from vault.requests import Answer, ask

NOW = datetime.now(UTC)


def asked(
    made: Installation, recording: RecordingId, who: town.Resident = town.SUPERVISOR, **more: Any
) -> Answer:
    return ask(made.vault, made.caller(who), wish(recording, **more), now=NOW)


def requests_of(made: Installation, who: town.Resident, whose: Whose = Whose.MINE, **more: Any) -> Any:
    return list_requests(made.vault, made.caller(who), Wanted(town.SLUG, whose, **more), now=NOW)


def grants_of(made: Installation, who: town.Resident, whose: Whose = Whose.MINE, **more: Any) -> Any:
    wanted = Wanted(town.SLUG, whose, **more)
    return list_grants(made.vault, made.caller(who), wanted, now=NOW + timedelta(seconds=1))


def ids(page: Any) -> list[Any]:
    return [each.row.id for each in page.rows]


def test_what_waits_comes_first_and_then_the_newest(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    answers = [asked(installation, recording) for _ in range(4)]
    approve(installation, answers[3].request, now=NOW)
    approve(installation, answers[1].request, now=NOW)
    order = [answers[each].request for each in (2, 0, 3, 1)]
    for who, whose in ((town.SUPERVISOR, Whose.MINE), (town.PRIVACY_OFFICER, Whose.OTHERS)):
        assert ids(requests_of(installation, who, whose)) == order
        pages, after = [], None
        for _ in range(2):
            page = requests_of(installation, who, whose, after=after, most=2)
            pages += ids(page)
            after = page.next_after
        assert after is None
        assert pages == order


def test_who_decides_is_told_on_what_they_may_decide(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    waiting, settled = asked(installation, recording), asked(installation, recording)
    approve(installation, settled.request, now=NOW)
    own = asked(
        installation, recording, town.PRIVACY_OFFICER, purpose="opsporing", prerequisites=["demand-received"]
    )
    first, second = requests_of(installation, town.PRIVACY_OFFICER, Whose.OTHERS).rows
    assert (first.row.id, first.decidable, first.requester) == (waiting.request, True, "Sam de Vries")
    assert (second.row.id, second.decidable) == (settled.request, False)
    assert second.grant
    [mine] = requests_of(installation, town.PRIVACY_OFFICER).rows
    assert (mine.row.id, mine.decidable) == (own.request, False)


def test_nobody_reads_the_requests_of_others_by_being_there(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    asked(installation, recording)
    for who in (town.OFFICER, town.ADMINISTRATOR):
        page = requests_of(installation, who, Whose.OTHERS)
        assert (page.rows, page.permitted) == ([], True)
    assert ids(requests_of(installation, town.OFFICER)) == []


def test_a_list_is_entered_with_what_it_showed(small: Installation) -> None:
    answer = asked(small, keep(small, footage(1000)))
    requests_of(small, town.SUPERVISOR)
    [entry] = entries(small, Event.REQUESTS_LISTED)
    leaf = json.loads(entry.leaf)
    assert (leaf["dec"], leaf["why"], leaf["op"]) == ("allow", ["request-read-by-requester"], "consult")
    assert leaf["facts"] == {"listed": 1}
    details = payload_of(small, entry)["details"]
    assert details["shown"] == [str(answer.request)]
    assert details["whose"] == "mine"


def test_grants_are_listed_for_who_holds_and_who_may_revoke(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    grants = [approve(installation, asked(installation, recording).request, now=NOW).grant for _ in range(3)]
    held = grants_of(installation, town.SUPERVISOR)
    assert ids(held) == grants[::-1]
    first = grants_of(installation, town.PRIVACY_OFFICER, Whose.OTHERS, most=2)
    rest = grants_of(installation, town.PRIVACY_OFFICER, Whose.OTHERS, most=2, after=first.next_after)
    assert ids(first) + ids(rest) == grants[::-1]
    assert rest.next_after is None
    assert {each.holder for each in first.rows} == {"Sam de Vries"}
    for who, whose in (
        (town.SUPERVISOR, Whose.OTHERS),
        (town.OFFICER, Whose.MINE),
        (town.OFFICER, Whose.OTHERS),
    ):
        assert ids(grants_of(installation, who, whose)) == []
    details = payload_of(installation, entries(installation, Event.GRANTS_LISTED)[0])["details"]
    assert details["shown"] == [str(grant) for grant in grants[::-1]]


def test_who_is_of_elsewhere_gets_no_list_and_hears_why(small: Installation) -> None:
    registrar = Registrar(small.vault.database, small.vault.ring, MAKER)
    registrar.deactivate_person(small.town.people[town.SUPERVISOR.subject], now=NOW)
    page = requests_of(small, town.SUPERVISOR)
    assert not page.permitted
    assert [rule.id for rule in page.residual.reasons] == ["person-inactive"]
    [entry] = entries(small, Event.REQUESTS_LISTED)
    assert json.loads(entry.leaf)["dec"] == "deny"


@pytest.mark.parametrize("told", [Event.REQUESTS_LISTED, Event.GRANTS_LISTED])
def test_an_empty_list_is_entered_too(small: Installation, told: Event) -> None:
    page = (requests_of if told is Event.REQUESTS_LISTED else grants_of)(small, town.SUPERVISOR)
    assert (page.rows, page.next_after, page.permitted) == ([], None, True)
    [entry] = entries(small, told)
    assert json.loads(entry.leaf)["facts"] == {"listed": 0}


def test_a_place_tells_nothing_of_a_row_that_is_not_shown(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = keep(small, footage(1000))
    for _ in range(3):
        approve(small, asked(small, recording).request, now=NOW)
    monkeypatch.setattr("vault.lists.clause_of", lambda *_: true())
    for list_them in (requests_of, grants_of):
        page = list_them(small, town.ADMINISTRATOR, Whose.OTHERS, most=2)
        assert (page.rows, page.next_after) == ([], None)
        assert list_them(small, town.PRIVACY_OFFICER, Whose.OTHERS, most=2).next_after


def test_a_longer_page_asks_the_database_no_more_often(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    asked_for: list[str] = []
    event.listen(
        installation.vault.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: asked_for.append(statement),
    )

    def often(whose: Whose) -> int:
        asked_for.clear()
        requests_of(installation, town.PRIVACY_OFFICER, whose)
        return len(asked_for)

    asked(installation, recording)
    # What a process asks once, it has asked.
    often(Whose.OTHERS)
    one = often(Whose.OTHERS)
    for _ in range(4):
        asked(installation, recording)
    assert often(Whose.OTHERS) == one
