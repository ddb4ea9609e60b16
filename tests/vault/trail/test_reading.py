"""Reading the trail: page by page, opened for who may; and each reading is in it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from console.demo import town
from tests.installation import Installation
from tests.watching import entries, footage, granted, keep, payload_of, row_of
from vault.audit import Event
from vault.ids import PersonId, RecordingId
from vault.keys import KeyRing, rotate_audit
from vault.registry import Registrar
from vault.rulesets import RuleSetMissing
from vault.tables import AuditPayload
from vault.trail import Line, Page, Question, read
from vault.vault import Caller

OVERSIGHT = "toezicht-inzagelog"


def now() -> datetime:
    return datetime.now(UTC)


def ask(made: Installation, question: Question, who: town.Resident = town.PRIVACY_OFFICER) -> Page:
    made.settle()
    return read(made.vault, made.caller(who), question, now=now())


def events(page: Page) -> list[str]:
    return [line.leaf["type"] for line in page.lines]


@pytest.fixture
def recording(installation: Installation) -> RecordingId:
    recording = keep(installation, footage(1000))
    granted(installation, recording)
    keep(installation, footage(1000, seed=2))
    return recording


def test_pages_follow_each_other_without_gap_or_overlap(
    installation: Installation, recording: RecordingId
) -> None:
    everything = ask(installation, Question(town.SLUG, OVERSIGHT, most=200, until=now()))
    assert everything.next_after is None
    numbers = [line.index for line in everything.lines]
    assert numbers == sorted(numbers)
    until = now()
    for newest_first in (False, True):
        found: list[Line] = []
        question = Question(town.SLUG, OVERSIGHT, most=3, until=until, newest_first=newest_first)
        while True:
            page = ask(installation, question)
            assert len(page.lines) <= 3
            found += page.lines
            if page.next_after is None:
                break
            question = replace(question, after=page.next_after)
        told = [line.index for line in found]
        assert told == sorted(told, reverse=newest_first)
        assert set(numbers) <= set(told)
        assert len(told) == len(set(told))
        assert str(recording) in str(found)


def test_the_last_page_says_so(installation: Installation, recording: RecordingId) -> None:
    number = len(ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording)).lines)
    page = ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording, most=number))
    assert (len(page.lines), page.next_after) == (number, None)
    page = ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording, most=number - 1))
    assert page.next_after == page.lines[-1].index


def test_one_recording(installation: Installation, recording: RecordingId) -> None:
    page = ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording))
    assert events(page) == [
        "recording.announced",
        "recording.kept",
        "request.submitted",
        "request.approved",
    ]
    submitted = page.lines[2]
    assert submitted.payload
    assert submitted.payload["actor"]["name"] == town.SUPERVISOR.name
    assert submitted.payload["object"]["id"] == str(recording)
    assert RecordingId(row_of(installation, recording).id) == recording


def test_one_event_and_a_time(installation: Installation, recording: RecordingId) -> None:
    kept = Question(town.SLUG, OVERSIGHT, event=Event.RECORDING_KEPT)
    assert events(ask(installation, kept)) == ["recording.kept"] * 2
    tomorrow = now() + timedelta(days=1)
    assert ask(installation, Question(town.SLUG, OVERSIGHT, since=tomorrow)).lines == []
    [first, second] = entries(installation, Event.RECORDING_KEPT)
    page = ask(installation, Question(town.SLUG, OVERSIGHT, event="recording.kept", until=second.at))
    assert [line.leaf["id"] for line in page.lines] == [str(first.id)]
    page = ask(installation, Question(town.SLUG, OVERSIGHT, event="recording.kept", since=second.at))
    assert [line.leaf["id"] for line in page.lines] == [str(second.id)]
    assert first.object == installation.vault.ring.pseudonym("recording", str(recording))


def test_a_reading_is_an_entry_before_a_line_is_seen(
    installation: Installation, recording: RecordingId
) -> None:
    page = ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording, most=2))
    [entry] = entries(installation, Event.TRAIL_READ)
    leaf = json.loads(entry.leaf)
    assert (leaf["dec"], leaf["purpose"], leaf["org"]) == ("allow", OVERSIGHT, town.SLUG)
    assert payload_of(installation, entry)["details"] == {
        "purpose": OVERSIGHT,
        "filters": {"recording": str(recording)},
        "newestFirst": False,
        "after": None,
        "lines": 2,
    }
    assert len(page.lines) == 2
    assert "trail.read" in events(ask(installation, Question(town.SLUG, OVERSIGHT)))


@pytest.mark.parametrize(
    ("who", "purpose"),
    [
        (town.PRIVACY_OFFICER, "functioneringsgesprek"),
        (town.PRIVACY_OFFICER, "audit"),
        (town.PRIVACY_OFFICER, "klacht"),
        (town.SUPERVISOR, OVERSIGHT),
        (town.OFFICER, OVERSIGHT),
        (town.ADMINISTRATOR, OVERSIGHT),
    ],
)
def test_who_may_not_sees_no_line(small: Installation, who: town.Resident, purpose: str) -> None:
    keep(small, footage(1000))
    page = ask(small, Question(town.SLUG, purpose), who)
    assert not page.decision.permitted
    assert (page.lines, page.next_after, page.under) == ([], None, None)
    [entry] = entries(small, Event.TRAIL_DENIED)
    assert payload_of(small, entry)["details"]["lines"] == 0


def test_a_trail_is_read_by_its_own_municipality(installation: Installation) -> None:
    keep(installation, footage(1000))
    registrar = Registrar(
        installation.vault.database,
        installation.vault.ring,
        installation.caller(town.ADMINISTRATOR).as_actor(frozenset()),
    )
    registrar.municipality("noordwijk", "Noordwijk", now=now())
    person = registrar.person("http://localhost:9", "n.fg", "Noa", now=now())
    registrar.assign(person, "noordwijk", "privacy-officer", now=now())
    noa = Caller(PersonId(person), "Noa")
    installation.settle()
    ours = read(installation.vault, noa, Question(town.SLUG, OVERSIGHT), now=now())
    assert not ours.decision.permitted
    theirs = read(installation.vault, noa, Question("noordwijk", OVERSIGHT), now=now())
    assert theirs.decision.permitted
    assert {line.leaf["org"] for line in theirs.lines} == {"noordwijk"}
    with pytest.raises(RuleSetMissing):
        read(installation.vault, noa, Question("atlantis", OVERSIGHT), now=now())


def test_a_payload_that_was_destroyed_leaves_its_leaf(small: Installation) -> None:
    recording = keep(small, footage(1000))
    with small.vault.database.transaction() as session:
        session.execute(delete(AuditPayload))
    page = ask(small, Question(town.SLUG, OVERSIGHT, recording=recording))
    assert [(line.leaf["type"], line.payload) for line in page.lines] == [
        ("recording.announced", None),
        ("recording.kept", None),
    ]


def test_a_new_epoch_still_finds_what_the_old_one_wrote(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    before = installation.vault.ring.epoch
    rotate_audit(installation.home / "keys-vault", installation.home / "keys-ingest")
    ring = KeyRing.load(installation.settings.keys)
    assert ring.epoch != before
    object.__setattr__(installation.vault, "ring", ring)
    granted(installation, recording)
    page = ask(installation, Question(town.SLUG, OVERSIGHT, recording=recording))
    assert {line.leaf["epoch"] for line in page.lines} == {before, ring.epoch}
    assert len({line.leaf["obj"] for line in page.lines}) == 2
    assert len(page.lines) == 4
    assert all(line.payload for line in page.lines)


def test_a_damaged_payload_hides_nothing_but_itself(small: Installation) -> None:
    recording = keep(small, footage(1000))
    [announced] = entries(small, Event.RECORDING_ANNOUNCED)
    with small.vault.database.transaction() as session:
        session.execute(
            update(AuditPayload).where(AuditPayload.entry_id == announced.id).values(salt=bytes(32))
        )
    page = ask(small, Question(town.SLUG, OVERSIGHT, recording=recording))
    assert [(line.leaf["type"], line.damaged, line.payload is None) for line in page.lines] == [
        ("recording.announced", True, True),
        ("recording.kept", False, False),
    ]
