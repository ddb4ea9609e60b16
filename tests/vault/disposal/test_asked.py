"""Early erasures read: in full by who asked or may decide, without reasons by who oversees."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from console.demo import town
from policies.engine import Decision
from tests.foreseeing import recorded
from tests.installation import Installation
from tests.ruling import ONE
from tests.watching import entries, footage, keep, payload_of
from vault import facts
from vault.audit import Event
from vault.disposal import asked, early
from vault.disposal.asked import Listing
from vault.disposal.tables import Ground
from vault.ids import RecordingId, new_id
from vault.rulesets import RuleSetMissing
from vault.standing import By

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WHY = "Recorded in the hallway of a dwelling."


def ask(made: Installation, by: By) -> UUID:
    recording = RecordingId(recorded(made, NOW))
    answer = early.ask(made.vault, by, recording, ground=Ground.INSIDE_DWELLING, reason=WHY, now=NOW)
    assert answer.erasure
    return answer.erasure.id


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (town.PRIVACY_OFFICER, True),
        (town.SUPERVISOR, True),
        (town.OFFICER, False),
        (town.ADMINISTRATOR, False),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_who_reads_one(small: Installation, who: town.Resident, *, may: bool) -> None:
    """The supervisor asked it."""
    erasure = ask(small, small.caller(town.SUPERVISOR))
    found = asked.look(small.vault, small.caller(who), erasure, now=NOW)
    assert (found.erasure is not None) is may
    event = Event.RETENTION_READ if may else Event.RETENTION_DENIED
    [entry] = entries(small, event)
    assert json.loads(entry.leaf)["facts"] == {"shown": "erasure"}
    assert payload_of(small, entry)["details"]["erasure"] == str(erasure)


@pytest.mark.parametrize("who", [town.PRIVACY_OFFICER, town.SUPERVISOR], ids=lambda who: who.name)
def test_why_it_went_is_read_when_it_is_gone(small: Installation, who: town.Resident) -> None:
    caller = small.caller(town.SUPERVISOR)
    recording = keep(small, footage(1000))
    answer = early.ask(
        small.vault, caller, recording, ground=Ground.INSIDE_DWELLING, reason=WHY, now=datetime.now(UTC)
    )
    assert answer.erasure
    early.approve(small.vault, ONE, answer.erasure.id, reason="It is so.", now=datetime.now(UTC))
    found = asked.look(small.vault, small.caller(who), answer.erasure.id, now=datetime.now(UTC))
    assert found.erasure
    assert (found.erasure.reason, found.erasure.decision_reason) == (WHY, "It is so.")


def test_an_operator_reads_any(small: Installation) -> None:
    erasure = ask(small, small.caller(town.SUPERVISOR))
    found = asked.look(small.vault, ONE, erasure, now=NOW).erasure
    assert found
    assert found.reason == WHY


def test_a_list_is_entered_with_what_it_showed(small: Installation) -> None:
    mine = [ask(small, ONE) for _ in range(3)]
    early.refuse(small.vault, small.caller(town.PRIVACY_OFFICER), mine[1], reason=WHY, now=NOW)
    by = small.caller(town.ADMINISTRATOR)
    waiting = asked.listed(small.vault, by, town.SLUG, waiting=True, now=NOW)
    everything = asked.listed(small.vault, by, town.SLUG, waiting=False, most=2, now=NOW)
    assert isinstance(waiting, Listing)
    assert isinstance(everything, Listing)
    assert ([row.id for row in waiting.rows], waiting.next_after) == ([mine[0], mine[2]], None)
    assert ([row.id for row in everything.rows], everything.next_after) == (mine[:2], mine[1])
    rest = asked.listed(small.vault, by, town.SLUG, waiting=False, after=everything.next_after, now=NOW)
    assert isinstance(rest, Listing)
    assert [row.id for row in rest.rows] == mine[2:]
    told = entries(small, Event.RETENTION_READ)
    assert json.loads(told[0].leaf)["facts"] == {"shown": "erasures", "listed": 2}
    assert payload_of(small, told[0])["details"]["shown"] == [str(mine[0]), str(mine[2])]


def test_who_may_not_sees_no_list(small: Installation) -> None:
    ask(small, ONE)
    found = asked.listed(small.vault, small.caller(town.OFFICER), town.SLUG, waiting=True, now=NOW)
    assert isinstance(found, Decision)
    [entry] = entries(small, Event.RETENTION_DENIED)
    assert json.loads(entry.leaf)["facts"]["listed"] == 0


def test_what_is_not_there(small: Installation) -> None:
    with pytest.raises(facts.Unknown):
        asked.look(small.vault, ONE, new_id(), now=NOW)
    with pytest.raises(RuleSetMissing):
        asked.listed(small.vault, ONE, "atlantis", waiting=True, now=NOW)
