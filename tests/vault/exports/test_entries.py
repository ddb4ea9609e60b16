"""Entries as the streams read them: in the log's order, each question whole, closed where they must be."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import delete, update
from structlog.testing import capture_logs

from console.demo import town
from tests.installation import Installation
from tests.vault.exports.told import all_told
from tests.watching import PURPOSE, entries, footage, keep
from vault.audit import Event
from vault.exports.entries import is_whole, move, place, questions, read
from vault.tables import AuditPayload
from vault.trail import Question
from vault.trail import read as read_trail

NOW = datetime.now(UTC)


def test_they_come_in_the_logs_order_from_a_place_on(installation: Installation) -> None:
    keep(installation, footage(1000))
    told = all_told(installation)
    assert [each.index for each in told] == list(range(len(told)))
    assert {each.id for each in told} == {entry.id for entry in entries(installation)}
    with installation.vault.database.reading() as session:
        some = read(session, installation.vault.ring, 3, 4)
    assert some == told[3:7]
    [kept] = [each for each in told if each.leaf["type"] == Event.RECORDING_KEPT]
    assert kept.thing
    assert kept.thing[0] == "recording"
    assert "recordedAt" in kept.details


def test_a_damaged_payload_does_not_hold_up_the_others(small: Installation) -> None:
    read_trail(small.vault, small.caller(town.SUPERVISOR), Question(town.SLUG, PURPOSE), now=NOW)
    first, *_, last = all_told(small)
    with small.vault.database.transaction() as session:
        session.execute(update(AuditPayload).where(AuditPayload.entry_id == last.id).values(salt=b"x" * 32))
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id == first.id))
    with capture_logs() as lines:
        told = all_told(small)
    assert [(line["event"], line["why"]) for line in lines] == [("export.payload-closed", str(last.id))]
    assert (told[0].payload, told[-1].payload) == (None, None)
    assert (told[-1].thing, told[-1].details) == (None, {})
    assert all(each.payload for each in told[1:-1])
    with small.vault.database.transaction() as session:
        session.execute(delete(AuditPayload))


def test_only_parts_of_one_question_stand_together(small: Installation) -> None:
    first = all_told(small)[0]

    def told(index: int, span: str, event: Event = Event.DECISION_EVALUATED, parts: int = 1) -> object:
        facts = {"batch": parts} if parts > 1 else {}
        leaf = {**first.leaf, "type": event.value, "corr": f"{'4b' * 16}/{span * 8}", "facts": facts}
        return replace(first, index=index, leaf=leaf)

    given = [
        told(0, "aa", parts=2),
        told(1, "aa", parts=2),
        told(2, "bb"),
        told(3, "cc", Event.TRAIL_READ),
        told(4, "cc", Event.TRAIL_READ),
        told(5, "dd", parts=3),
        told(6, "dd", parts=3),
    ]
    found = list(questions(given))  # type: ignore[arg-type]
    assert [[each.index for each in question] for question in found] == [[0, 1], [2], [3], [4], [5, 6]]
    assert [is_whole(question) for question in found] == [True, True, True, True, False]


def test_a_reader_begins_at_the_start_and_never_goes_back(small: Installation) -> None:
    database = small.vault.database
    with database.transaction() as session:
        assert place(session, "mine") == 0
        assert not move(session, "mine", 3, 5)
        assert move(session, "mine", 0, 5)
        assert place(session, "mine") == 5
        assert not move(session, "mine", 0, 2)
        assert move(session, "mine", 5, 6)
        assert (place(session, "mine"), place(session, "other")) == (6, 0)
