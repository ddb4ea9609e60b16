"""Streams: nothing is lost, nothing is passed over, and what comes twice comes as the same."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text, update
from structlog.testing import capture_logs

from console.demo import town
from policies.facts import Action
from tests.installation import ISSUER, MAKER, Installation
from tests.servers.collector import Fault, Kept, OtlpCollector
from tests.watching import PURPOSE, entries, footage, granted, keep
from vault.audit import Event
from vault.evaluations import Question, evaluate
from vault.exports import streams
from vault.exports.entries import move, place
from vault.exports.streams import FIRST_WAIT, KEYS_COME_WITHIN, LONGEST_WAIT, Stream
from vault.ids import RecordingId, new_id
from vault.keys import KeyRing, rotate_audit
from vault.log.sequencer import sequence
from vault.registry import Registrar
from vault.tables import AuditEntry
from vault.trail import Question as TrailQuestion
from vault.trail import read as read_trail
from vault.vault import Caller

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DENIED = TrailQuestion(town.SLUG, PURPOSE)
READINGS = 5


def readings(made: Installation, count: int = READINGS) -> None:
    """So many decisions, each an entry in the log."""
    for _ in range(count):
        read_trail(made.vault, made.caller(town.SUPERVISOR), DENIED, now=datetime.now(UTC))
    made.settle()


def figure(name: str, stream: str = "adl") -> float:
    return REGISTRY.get_sample_value(name, {"stream": stream}) or 0.0


def stands(made: Installation, reader: str = "adl") -> int:
    with made.vault.database.reading() as session:
        return place(session, reader)


def test_what_was_decided_arrives_once(
    installation: Installation, either: Stream, collector: OtlpCollector
) -> None:
    before = figure("export_records_total")
    readings(installation)
    assert either.run(now=NOW) == READINGS
    assert either.run(now=NOW) == 0
    assert list(collector.came.values()) == [1] * READINGS
    assert figure("export_records_total") == before + READINGS
    assert (figure("export_waiting_entries"), figure("export_behind_seconds")) == (0, 0)
    # Also what was no decision is behind it.
    assert stands(installation) == len(entries(installation))


def test_it_reads_on_from_where_it_was(small: Installation, adl: Stream, collector: OtlpCollector) -> None:
    readings(small, 2)
    adl.run(now=NOW)
    readings(small, 3)
    assert adl.run(now=NOW) == 3
    assert collector.sizes == [2, 3]


def test_without_decisions_nobody_is_asked(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    small.settle()
    assert adl.run(now=NOW) == 0
    assert collector.asked == []
    assert stands(small) == len(entries(small)) > 0


def test_what_is_not_in_the_log_yet_waits(installation: Installation, either: Stream) -> None:
    read_trail(installation.vault, installation.caller(town.SUPERVISOR), DENIED, now=NOW)
    assert either.run(now=NOW) == 0
    installation.settle()
    assert either.run(now=NOW) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503),
        Fault(429),
        Fault(500),
        Fault(404, body=b"<html>"),
        Fault(307, headers=(("Location", "/v1/logs"),)),
        Fault(200, body=b"<html>not OTLP</html>"),
        Fault(),
        Fault(takes=True),
    ],
    ids=["busy", "too-many", "failing", "elsewhere", "moved", "no-otlp", "cut", "cut-after-taking"],
)
def test_nothing_is_lost_when_the_collector_fails(
    small: Installation, adl: Stream, collector: OtlpCollector, fault: Fault
) -> None:
    readings(small)
    collector.faults = [fault, fault]
    with capture_logs() as lines:
        assert adl.run(now=NOW) == 0
        # It waits before it tries again, longer each time.
        assert adl.run(now=NOW + FIRST_WAIT * 0.9) == 0
        assert adl.run(now=NOW + FIRST_WAIT) == 0
        assert adl.run(now=NOW + FIRST_WAIT * 2.9) == 0
    assert len(collector.asked) == 2
    assert [(line["event"], line["log_level"]) for line in lines] == [("export.away", "warning")] * 2
    assert stands(small) == 0
    assert figure("export_waiting_entries") == len(entries(small))
    assert adl.run(now=NOW + FIRST_WAIT * 3) == READINGS
    assert len(collector.took) == READINGS
    assert set(collector.came.values()) == {3 if fault.takes else 1}


def test_a_collector_that_is_not_there(small: Installation, adl: Stream, collector: OtlpCollector) -> None:
    readings(small)
    with patch.object(adl._collector, "_url", "http://127.0.0.1:9/v1/logs"):
        waits = [wait_after(adl, NOW + timedelta(hours=n)) for n in range(12)]
    assert waits[:4] == [FIRST_WAIT * 2**n for n in range(4)]
    assert waits[-1] == LONGEST_WAIT
    assert adl.run(now=NOW + timedelta(hours=13)) == READINGS
    assert len(collector.took) == READINGS
    # Well again: the next failure is a first one.
    readings(small, 1)
    collector.faults = [Fault(503)]
    assert wait_after(adl, NOW + timedelta(hours=14)) == FIRST_WAIT


def wait_after(stream: Stream, now: datetime) -> timedelta:
    assert stream.run(now=now) == 0
    assert stream._not_before
    return stream._not_before - now


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("7", timedelta(seconds=7)),
        ("86400", timedelta(hours=1)),
        ("soon", FIRST_WAIT),
    ],
)
def test_a_collector_may_say_how_long(
    small: Installation, adl: Stream, collector: OtlpCollector, said: str, waits: timedelta
) -> None:
    readings(small, 1)
    collector.faults = [Fault(503, headers=(("Retry-After", said),))]
    assert wait_after(adl, NOW) == waits


def test_killed_before_it_moved_on_it_sends_the_same_again(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    readings(small)
    with (
        patch("vault.exports.entries.move", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        adl.run(now=NOW)
    assert (len(collector.took), stands(small)) == (READINGS, 0)
    assert adl.run(now=NOW) == READINGS
    # The collector compares: under the same id the same record.
    assert len(collector.took) == READINGS
    assert set(collector.came.values()) == {2}


def test_one_that_is_not_taken_holds_up_what_comes_after_and_nothing_before(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    readings(small, 11)
    denied = entries(small, Event.TRAIL_DENIED)
    bad = str(denied[6].id)
    collector.refuses = lambda kept: _entry(kept) == bad
    with capture_logs() as lines:
        assert adl.run(now=NOW) == 6
    assert [(line["event"], line["log_level"], line["why"]) for line in lines] == [
        ("export.refused", "error", f"{bad}: 1 refused")
    ]
    before = {str(entry.id) for entry in denied[:6]}
    assert before <= {_entry(kept) for kept in collector.took.values()}
    assert stands(small) == len(entries(small)) - 5
    # It stays so, and says so.
    with capture_logs() as lines:
        assert adl.run(now=NOW + LONGEST_WAIT) == 0
    assert [line["event"] for line in lines] == ["export.refused"]
    collector.refuses = lambda _: False
    assert adl.run(now=NOW + LONGEST_WAIT * 2) == 5
    assert len(collector.took) == 11


def test_what_is_too_much_at_once_is_sent_in_parts(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    readings(small, 8)
    collector.faults = [Fault(413), Fault(413)]
    assert adl.run(now=NOW) == 8
    assert set(collector.came.values()) == {1}
    assert len(collector.sizes) > 1


def test_many_take_several_requests(small: Installation, adl: Stream, collector: OtlpCollector) -> None:
    readings(small, 7)
    with patch.object(streams, "MOST_ENTRIES", 3):
        adl._most = 3
        assert adl.run(now=NOW) == 7
    assert max(collector.sizes) == 3
    with patch.object(streams, "MOST_ROUNDS", 1):
        readings(small, 4)
        adl._most = 2
        assert adl.run(now=NOW) == 2
        assert figure("export_waiting_entries") == 2


def asked(recording: RecordingId, made: Installation, count: int) -> list[Question]:
    subject = made.caller(town.SUPERVISOR).id
    one = Question(subject, Action.FIND, "recording", str(recording), PURPOSE)
    return [one] * count


def application(made: Installation) -> Caller:
    """Other software of the municipality, that may ask what the rules permit."""
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    person = registrar.person(ISSUER, f"app-{new_id()}", "Zaaksysteem", now=NOW)
    registrar.assign(person, town.SLUG, "application", now=NOW)
    return Caller(person, "Zaaksysteem")


@pytest.fixture
def several(small: Installation) -> int:
    """A question of five parts in the log, between two readings."""
    recording = keep(small, footage(1000))
    readings(small, 1)
    evaluate(
        small.vault,
        application(small),
        asked(recording, small, 5),
        now=datetime.now(UTC),
    )
    readings(small, 1)
    return 5


@pytest.mark.parametrize("most", [1, 2, 250])
def test_a_question_of_several_parts_is_one_record(
    small: Installation, adl: Stream, collector: OtlpCollector, several: int, most: int
) -> None:
    adl._most = most
    with patch.object(streams, "MOST_ENTRIES", most):
        assert adl.run(now=NOW) == 3
    names = sorted(kept.record["event_name"] for kept in collector.took.values())
    assert names == ["adl.access_evaluation", "adl.access_evaluation", "adl.access_evaluations"]
    [together] = [kept for kept in collector.took.values() if kept.record["event_name"][-1] == "s"]
    assert len(together.record["body"]["adl.core.response"]["evaluations"]) == several
    assert stands(small) == len(entries(small))


def test_a_question_whose_end_is_not_in_the_log_yet_waits(
    installation: Installation, either: Stream, collector: OtlpCollector
) -> None:
    recording = keep(installation, footage(1000))
    installation.settle()
    by = application(installation)
    installation.settle()
    either.run(now=NOW)
    at_first = stands(installation)
    evaluate(installation.vault, by, asked(recording, installation, 5), now=datetime.now(UTC))
    streams_see(installation, 3)
    assert either.run(now=NOW) == 0
    assert (stands(installation), collector.took) == (at_first, {})
    installation.settle()
    assert either.run(now=NOW) == 1


def streams_see(made: Installation, most: int) -> None:
    """Number only so many of the entries that wait."""
    assert sequence(made.vault, now=datetime.now(UTC), most=most) == most


def test_two_keepers_do_no_harm(installation: Installation, either: Stream, collector: OtlpCollector) -> None:
    readings(installation)
    database = installation.vault.database
    with database.transaction() as session:
        assert move(session, "adl", 0, 2)
    with database.transaction() as session:
        # Who read from 0 comes too late.
        assert not move(session, "adl", 0, 1)
        assert not move(session, "adl", 1, 3)
        assert place(session, "adl") == 2
        assert move(session, "ldv", 0, 1)
    assert stands(installation) == 2
    assert stands(installation, "ldv") == 1
    either.run(now=NOW)
    assert len(collector.took) == READINGS


def test_who_was_overtaken_does_not_move_back(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    readings(small)
    whole = len(entries(small))

    def overtaken(_: Kept) -> bool:
        if stands(small) == 0:
            with small.vault.database.transaction() as session:
                move(session, "adl", 0, whole)
        return False

    collector.refuses = overtaken
    with capture_logs() as lines:
        adl.run(now=NOW)
    assert [line["event"] for line in lines] == ["export.moved-by-another"]
    assert stands(small) == whole


def test_how_far_behind_is_a_figure(
    installation: Installation, either: Stream, collector: OtlpCollector
) -> None:
    first = min(entry.at for entry in entries(installation))
    installation.settle()
    collector.faults = [Fault(503)]
    readings(installation, 1)
    either.run(now=first + timedelta(minutes=10))
    assert figure("export_behind_seconds") == 600
    assert figure("export_waiting_entries") == len(entries(installation))


def test_what_was_sealed_for_newer_keys_waits_for_them(
    small: Installation, adl: Stream, ldv: Stream, collector: OtlpCollector
) -> None:
    """Vault was restarted after a rotation and the keeper not yet: told now, its records would lack most."""
    recording = keep(small, footage(1000))
    small.settle()
    adl.run(now=datetime.now(UTC))
    ldv.run(now=datetime.now(UTC))
    before, collector.took = small.vault.ring, {}
    readings(small, 1)
    rotate_audit(small.home / "keys-vault", small.home / "keys-ingest")
    after = KeyRing.load(small.settings.keys)
    object.__setattr__(small.vault, "ring", after)
    granted(small, recording)
    small.settle()
    object.__setattr__(small.vault, "ring", before)
    try:
        with capture_logs() as lines:
            # What was entered before the rotation need not wait.
            assert adl.run(now=datetime.now(UTC)) == 1
            assert ldv.run(now=datetime.now(UTC)) == 0
    finally:
        object.__setattr__(small.vault, "ring", after)
    [submitted] = entries(small, Event.REQUEST_SUBMITTED)
    assert [(line["event"], line["log_level"], line["why"]) for line in lines] == [
        ("export.key-awaited", "error", str(submitted.id))
    ] * 2
    assert len(collector.took) == 1
    # Restarted: nothing of it is missing.
    adl.run(now=datetime.now(UTC) + LONGEST_WAIT)
    ldv.run(now=datetime.now(UTC) + LONGEST_WAIT)
    [told] = [kept for kept in collector.took.values() if _entry_of(kept) == str(submitted.id)]
    assert told.record["attributes"]["adl.core.configuration"]
    assert stands(small) == stands(small, "ldv") == len(entries(small))


def test_what_is_too_old_for_its_keys_to_come_is_told_by_its_leaf(
    small: Installation, adl: Stream, collector: OtlpCollector
) -> None:
    before = small.vault.ring
    rotate_audit(small.home / "keys-vault", small.home / "keys-ingest")
    after = KeyRing.load(small.settings.keys)
    object.__setattr__(small.vault, "ring", after)
    readings(small, 2)
    object.__setattr__(small.vault, "ring", before)
    try:
        assert adl.run(now=datetime.now(UTC) + KEYS_COME_WITHIN + timedelta(hours=1)) == 2
    finally:
        object.__setattr__(small.vault, "ring", after)
    for kept in collector.took.values():
        assert kept.record["body"]["adl.core.response"]["decision"] is False
        assert "adl.core.configuration" not in kept.record["attributes"]


@pytest.mark.parametrize(
    "changed",
    [
        b"no JSON",
        b"[]",
        b"{}",
        {"corr": "x/y"},
        {"t": "now"},
        {"t": 10**30},
        {"op": "guess"},
        {"par": "parent"},
        {"purpose": "\ud800"},
        {"facts": {"batch": "many"}},
        {"why": "because"},
        {"epoch": 7},
    ],
    ids=str,
)
def test_an_entry_that_is_none_of_ours_holds_up_nobody(
    small: Installation,
    adl: Stream,
    ldv: Stream,
    collector: OtlpCollector,
    changed: bytes | dict[str, object],
) -> None:
    """Whoever may append (ingest), or has the database, may put anything there: the log takes its bytes."""
    keep(small, footage(1000))
    readings(small, 2)
    first, second = entries(small, Event.TRAIL_DENIED)
    leaf = changed if isinstance(changed, bytes) else json.dumps(json.loads(first.leaf) | changed).encode()
    with small.vault.database.engine.begin() as connection:
        [trigger] = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%audit_entry%update%'")
        ).scalars()
        name = trigger.split()[2]
        connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(update(AuditEntry).where(AuditEntry.id == first.id).values(leaf=leaf))
    try:
        with capture_logs() as lines:
            assert adl.run(now=NOW) == 1
            assert ldv.run(now=NOW) > 0
        assert {(line["event"], line["why"]) for line in lines if line["log_level"] == "error"} == {
            ("export.entry-broken", str(first.id))
        }
        assert stands(small) == stands(small, "ldv") == len(entries(small))
        assert [_entry_of(kept) for kept in collector.took.values()].count(str(second.id)) == 1
    finally:
        with small.vault.database.engine.begin() as connection:
            connection.execute(update(AuditEntry).where(AuditEntry.id == first.id).values(leaf=first.leaf))
            connection.execute(text(trigger))


def test_both_streams_meet_in_the_span_and_neither_names_anybody(
    small: Installation, adl: Stream, ldv: Stream, collector: OtlpCollector
) -> None:
    recording = keep(small, footage(1000))
    granted(small, recording)
    small.settle()
    adl.run(now=NOW)
    ldv.run(now=NOW)
    decisions, processings = (
        {tuple(known) for path, *known in collector.took if path == where}
        for where in ("/v1/logs", "/v1/traces")
    )
    both = decisions & processings
    spans = {tuple(_corr(entry)) for entry in entries(small, Event.REQUEST_APPROVED)}
    assert spans <= both
    told = str(collector.took)
    for resident in town.RESIDENTS:
        assert resident.name not in told
        assert resident.subject not in told
    for known in (*small.town.people.values(), recording):
        assert str(known) not in told


def _corr(entry: AuditEntry) -> list[str]:
    return str(json.loads(entry.leaf)["corr"]).split("/")


def _entry_of(kept: Kept) -> str | None:
    """As `_entry`, of a line nothing."""
    return _entry(kept) if "adl.core.information" in kept.record["attributes"] else None


def _entry(kept: Kept) -> str:
    return str(kept.record["attributes"]["adl.core.information"]["trail"][0]["entry"])
