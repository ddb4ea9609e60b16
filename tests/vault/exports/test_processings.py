"""A line of each processing and data subject: by pseudonym, under its activity, and never with who did it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest

from console.demo import town
from policies.facts import Action
from tests.installation import ISSUER, MAKER, Installation
from tests.vault.exports.told import ACTIVITY, all_told, lines_from, lines_of, told_of
from tests.watching import (
    CASE,
    PURPOSE,
    REASON,
    choosing,
    demand,
    entries,
    footage,
    granted,
    keep,
)
from vault import lists, tracing
from vault.audit import Event
from vault.evaluations import Question as Asked
from vault.evaluations import evaluate
from vault.exports import processings
from vault.exports.entries import Told
from vault.exports.processings import _NAMES, _OPERATIONS, Line, is_processing, lines, missing_activity
from vault.ids import PersonId, RecordingId
from vault.registry import Registrar
from vault.searches import Wanted, find, open_search
from vault.trail import Question as TrailQuestion
from vault.trail import read as read_trail
from vault.vault import Caller
from vault.viewing import Watching

CALLER = "00f067aa0ba902b7"
PAGE = Path(__file__).parents[3] / "docs" / "exports.md"
SUBJECT = "dpl.core.data_subject_id"


def registrar(made: Installation) -> Registrar:
    return Registrar(made.vault.database, made.vault.ring, MAKER)


def another_officer(made: Installation) -> PersonId:
    now = datetime.now(UTC)
    person = registrar(made).person(ISSUER, "n.other", "Noa Other", now=now)
    registrar(made).assign(person, town.SLUG, "officer", team=town.TEAM, now=now)
    return person


def pseudonyms(made: Installation, *persons: PersonId) -> set[str]:
    return {made.vault.ring.pseudonym("person", str(person)) for person in persons}


def watched(made: Installation, recording: RecordingId) -> None:
    grant = granted(made, recording)
    now = datetime.now(UTC)
    Watching(made.vault).watch(made.caller(town.SUPERVISOR), grant, choosing(0, 9), now=now)


def test_a_range_that_was_watched(small: Installation) -> None:
    recording = keep(small, footage(1000))
    trace = tracing.begin(f"00-{'4b' * 16}-{CALLER}-01")
    watched(small, recording)
    [served] = entries(small, Event.VIEWING_SERVED)
    leaf = json.loads(served.leaf)
    [[line]] = lines_of(small, Event.VIEWING_SERVED)
    assert line == Line(
        trace_id=trace.trace_id,
        span_id=leaf["corr"].split("/")[1],
        parent_span_id=CALLER,
        name="Beelden bekeken",
        start_time=leaf["t"],
        end_time=leaf["t"],
        status="Unset",
        attributes={
            "dpl.core.processing_activity_id": f"{ACTIVITY}/avg",
            SUBJECT: leaf["subj"],
            f"{SUBJECT}_type": f"urn:bodycam-vault:pseudonym:person:{leaf['epoch']}",
        },
        resource={"service.name": "bodycam-vault", "service.namespace": town.SLUG},
    )
    assert pseudonyms(small, small.town.people[town.OFFICER.subject]) == {leaf["subj"]}


@pytest.mark.parametrize(("draft", "name"), [("2025", "span_id"), ("2024", "operation_id")])
def test_where_older_texts_put_the_caller(small: Installation, draft: str, name: str) -> None:
    recording = keep(small, footage(1000))
    tracing.begin(f"00-{'4b' * 16}-{CALLER}-01")
    watched(small, recording)
    [[line]] = lines_of(small, Event.VIEWING_SERVED, draft)  # type: ignore[arg-type]
    assert line.parent_span_id is None
    assert line.attributes["dpl.core.foreign_operation.trace_id"] == "4b" * 16
    assert line.attributes[f"dpl.core.foreign_operation.{name}"] == CALLER


def test_each_data_subject_has_a_line_below_one_of_nobody(small: Installation) -> None:
    recording = keep(small, footage(1000))
    other = another_officer(small)
    registrar(small).depict(recording, other, now=datetime.now(UTC))
    tracing.begin(f"00-{'4b' * 16}-{CALLER}-01")
    watched(small, recording)
    [[above, *below]] = lines_of(small, Event.VIEWING_SERVED)
    assert SUBJECT not in above.attributes
    assert above.parent_span_id == CALLER
    assert {line.parent_span_id for line in below} == {above.span_id}
    assert {line.trace_id for line in (above, *below)} == {"4b" * 16}
    assert len({line.span_id for line in (above, *below)}) == 3
    whom = pseudonyms(small, small.town.people[town.OFFICER.subject], other)
    assert {line.attributes[SUBJECT] for line in below} == whom
    # Told again, it is the same again.
    assert lines_of(small, Event.VIEWING_SERVED) == [[above, *below]]
    page = PAGE.read_text("utf-8")
    for name in {name for line in (above, *below) for name in (*vars(line), *line.attributes)}:
        assert f"`{name}" in page or name == "attributes", name
    spans = {line.span_id for [*found] in lines_of(small, Event.REQUEST_SUBMITTED) for line in found}
    assert not spans & {line.span_id for line in (above, *below)}


def test_who_is_registered_as_standing_on_it_is_a_data_subject(small: Installation) -> None:
    recording = keep(small, footage(1000))
    other = another_officer(small)
    registrar(small).depict(recording, other, now=datetime.now(UTC))
    [[_, *below]] = lines_of(small, Event.OFFICER_DEPICTED)
    assert pseudonyms(small, other) <= {line.attributes[SUBJECT] for line in below}


def test_a_list_concerns_whom_it_shows(small: Installation) -> None:
    now = datetime.now(UTC)
    other = another_officer(small)
    made = [
        keep(small, footage(1000, seed), officer=officer, started_at=now - timedelta(hours=3))
        for seed, officer in ((1, town.OFFICER.subject), (2, "n.other"))
    ]
    assert len(made) == 2
    supervisor = small.caller(town.SUPERVISOR)
    wanted = Wanted(town.SLUG, PURPOSE, REASON, CASE, now - timedelta(hours=4), now)
    search = open_search(small.vault, supervisor, wanted, now=now).search
    assert search
    find(small.vault, supervisor, search, now=now)
    [[above, *below]] = lines_of(small, Event.RECORDINGS_FOUND)
    whom = pseudonyms(small, small.town.people[town.OFFICER.subject], other)
    assert {line.attributes[SUBJECT] for line in below} == whom
    assert above.name == "Opnamen gezocht"
    with patch.object(processings, "_MOST_AT_ONCE", 1):
        assert lines_of(small, Event.RECORDINGS_FOUND) == [[above, *below]]
    # An open search shows nobody yet: a line without a data subject.
    [[opened]] = lines_of(small, Event.SEARCH_OPENED)
    assert SUBJECT not in opened.attributes


def test_lists_of_requests_and_grants_concern_the_makers(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    now = datetime.now(UTC)
    mine = lists.Wanted(town.SLUG, lists.Whose.MINE)
    lists.list_requests(small.vault, small.caller(town.SUPERVISOR), mine, now=now)
    lists.list_grants(small.vault, small.caller(town.SUPERVISOR), mine, now=now)
    maker = pseudonyms(small, small.town.people[town.OFFICER.subject])
    for event in (Event.REQUESTS_LISTED, Event.GRANTS_LISTED):
        [[line]] = lines_of(small, event)
        assert {line.attributes[SUBJECT]} == maker


def test_no_line_says_who_did_it(small: Installation) -> None:
    recording = keep(small, footage(1000))
    watched(small, recording)
    read_trail(
        small.vault,
        small.caller(town.PRIVACY_OFFICER),
        TrailQuestion(town.SLUG, "toezicht"),
        now=datetime.now(UTC),
    )
    told = all_told(small)
    text = str(lines_from(small, told))
    doers = {each.leaf["actor"] for each in told if is_processing(each)}
    officer = pseudonyms(small, small.town.people[town.OFFICER.subject])
    assert doers - officer
    for pseudonym in doers - officer:
        assert pseudonym not in text
    for resident in town.RESIDENTS:
        assert resident.name not in text
        assert str(small.town.people[resident.subject]) not in text
    assert str(recording) not in text


def test_what_shows_nothing_has_no_line(small: Installation) -> None:
    recording = keep(small, footage(1000))
    watched(small, recording)
    now = datetime.now(UTC)
    read_trail(small.vault, small.caller(town.SUPERVISOR), TrailQuestion(town.SLUG, PURPOSE), now=now)
    grant = granted(small, recording)
    demand(small, grant, ["watermark"])
    later = datetime.now(UTC)
    Watching(small.vault).watch(small.caller(town.SUPERVISOR), grant, choosing(0, 9), now=later)
    told = {each.leaf["type"]: each for each in all_told(small)}
    assert not is_processing(told[Event.TRAIL_DENIED])
    # Permitted by the rules, and an obligation stood in the way.
    assert told[Event.VIEWING_DENIED].leaf["dec"] == "allow"
    assert not is_processing(told[Event.VIEWING_DENIED])
    assert not is_processing(told[Event.PERSON_REGISTERED])
    assert is_processing(told[Event.VIEWING_SERVED])
    completed = {**told[Event.VIEWING_SERVED].leaf, "type": Event.VIEWING_COMPLETED}
    assert not is_processing(replace(told[Event.VIEWING_SERVED], leaf=completed))


def test_parts_of_one_question_stand_below_its_record(small: Installation) -> None:
    recording = keep(small, footage(1000))
    now = datetime.now(UTC)
    software = registrar(small).person(ISSUER, "zaaksysteem", "Zaaksysteem", now=now)
    registrar(small).assign(software, town.SLUG, "application", now=now)
    subject = small.caller(town.SUPERVISOR).id
    asked = Asked(subject, Action.ASK, "recording", str(recording), PURPOSE, has_case_reference=True)
    evaluate(small.vault, Caller(software, "Zaaksysteem"), [asked] * 2, now=now)
    found = lines_of(small, Event.DECISION_EVALUATED)
    spans = [line.span_id for part in found for line in part]
    [question] = {each.span for each in told_of(small, Event.DECISION_EVALUATED)}
    assert len(set(spans) | {question}) == 3
    assert {line.parent_span_id for part in found for line in part} == {question}


def bare(event: Event, **changed: object) -> Told:
    leaf = {
        "id": "01a20b79-0000-7776-8a6a-d90db6112610",
        "t": 1,
        "type": event.value,
        "op": event.operation,
        "corr": f"{'4b' * 16}/{'cd' * 8}",
        "epoch": "gone",
        "org": "x",
        "actor": "aa" * 16,
    }
    return Told(3, UUID(leaf["id"]), {**leaf, **changed}, None)  # type: ignore[arg-type]


def test_without_an_activity_the_line_says_so(small: Installation) -> None:
    [line] = lines(bare(Event.VIEWING_SERVED), (), small.vault.ring, lambda *_: None, "0.8")
    assert line.attributes == {"dpl.core.processing_activity_id": missing_activity("x")}
    assert missing_activity("x").startswith("urn:")


def test_when_the_secret_of_its_epoch_is_gone_the_leaf_still_tells(small: Installation) -> None:
    told = bare(Event.VIEWING_SERVED, subj="ee" * 16)
    [line] = lines(told, ["01a20b79-1111-7776-8a6a-d90db6112610"], small.vault.ring, lambda *_: None, "0.8")
    assert line.attributes[SUBJECT] == "ee" * 16


def test_every_processing_has_a_name_for_people(small: Installation) -> None:
    """Those to come too: then by what is done, until somebody gives it a better one."""
    processings = [event for event in Event if event.operation != "system"]
    assert {event.operation for event in processings} <= set(_OPERATIONS)
    for event in processings:
        [line] = lines(bare(event), (), small.vault.ring, lambda *_: None, "0.8")
        assert line.name == _NAMES.get(event, f"{_OPERATIONS[event.operation]} ({event})")
    unnamed = bare(Event.VIEWING_SERVED, type="footage.handed-over", op="disclose")
    [line] = lines(unnamed, (), small.vault.ring, lambda *_: None, "0.8")
    assert line.name == "Gegevens verstrekt (footage.handed-over)"
