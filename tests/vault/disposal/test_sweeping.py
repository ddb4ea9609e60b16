"""The sweep takes what is due and nothing else, whole, once; and waits for what it cannot do."""

import hashlib
import json
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from auditor import disposal_forms, disposals
from console.demo import town
from policies.retention import AMSTERDAM
from tests.disposing import (
    OVER,
    change,
    disposal_of,
    hold,
    kept,
    now,
    remains,
    swept,
    told,
)
from tests.installation import MAKER, Installation
from tests.watching import entries, footage, keep, row_of
from vault.audit import Event
from vault.canonical import canonical
from vault.disposal import beginning, discarding, sweeping
from vault.disposal.sweeping import Swept, sweep
from vault.disposal.tables import Ground
from vault.finding import Finding
from vault.ids import RecordingId
from vault.invariants import check_all
from vault.objects import ObjectStore, StoreUnavailable
from vault.retention import due_of
from vault.rule_records import record
from vault.rulesets import RuleSetAltered, RuleSets
from vault.sealing import sealed_length
from vault.signals.raising import KEEPER
from vault.tables import Arrival, Depiction, Part, Recording, State

NOTHING = {"part": 0, "sealed_key": 0, "depiction": 0, "objects": 0}


def certificate_of(installation: Installation, recording: RecordingId) -> dict[str, Any]:
    disposal = disposal_of(installation, recording)
    assert disposal
    assert disposal.certificate
    said: dict[str, Any] = json.loads(disposal.certificate)
    return said


def test_what_is_due_is_gone_and_certified(installation: Installation) -> None:
    due, other = kept(installation), keep(installation, footage(seed=2))
    with installation.vault.database.transaction() as session:
        session.add(Depiction(recording_id=due, person_id=installation.town.people[town.OFFICER.subject]))
        parts = session.scalars(select(Part.length).where(Part.recording_id == due)).all()
    row = row_of(installation, due)
    result = swept(installation)
    assert result == Swept(begun=1, disposed=1)
    assert remains(installation, due) == NOTHING
    after = row_of(installation, due)
    assert (after.state, after.media, after.sha256) == (State.DISPOSED, None, row.sha256)
    disposal = disposal_of(installation, due)
    assert disposal
    assert disposal.certificate == canonical(certificate_of(installation, due))
    [begun], [ended] = (
        entries(installation, Event.RECORDING_DISPOSING),
        entries(installation, Event.RECORDING_DISPOSED),
    )
    assert (begun.id, ended.id) == (disposal.begun_in, disposal.disposed_in)
    facts = json.loads(ended.leaf)["facts"]
    digest = hashlib.sha256(disposal.certificate).hexdigest()
    assert facts == {"certificate": digest, "ground": "term-over", "objects": 4}
    rule_set = installation.vault.rule_sets.of(town.SLUG)
    said = certificate_of(installation, due)
    assert said["process"].pop("software").startswith("bodycam-vault ")
    assert said == {
        "v": 1,
        "type": "disposal-certificate",
        "recording": str(due),
        "municipality": town.SLUG,
        "regime": "avg",
        "recordedOn": row.recorded_at.astimezone(AMSTERDAM).date().isoformat(),
        "length": row.length,
        "sha256": row.sha256,
        "ground": "term-over",
        "ruleSet": rule_set.digest,
        "termFrom": row.recorded_at.astimezone(AMSTERDAM).date().isoformat(),
        "termDays": rule_set.terms.term_days,
        "holds": [],
        "due": _seconds(row.dispose_after),
        "begun": _seconds(disposal.begun_at),
        "begunIn": str(begun.id),
        "keyDestroyed": _seconds(disposal.begun_at),
        "keyId": disposal.key_id,
        "keyExpires": None,
        "lockedUntil": None,
        "objects": 4,
        "bytes": sum(map(sealed_length, parts)),
        "objectsDiscarded": _seconds(disposal.discarded_at),
        "process": {"name": "keeper"},
    }
    # What is not due is untouched.
    assert row_of(installation, other).state == State.KEPT
    assert remains(installation, other) == {"part": 4, "sealed_key": 1, "depiction": 0, "objects": 4}


def _seconds(moment: datetime | None) -> str:
    assert moment
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def test_swept_again_nothing_is_done_again(installation: Installation) -> None:
    recording = kept(installation)
    swept(installation)
    first = certificate_of(installation, recording)
    assert swept(installation) == Swept()
    assert certificate_of(installation, recording) == first
    assert told(installation, recording, Event.RECORDING_DISPOSED) == 1


def test_a_term_ends_at_its_moment_and_not_before(small: Installation) -> None:
    recording = kept(small, ago=timedelta(days=1))
    due = row_of(small, recording).dispose_after
    assert due
    assert swept(small, now=due - timedelta(microseconds=1)) == Swept()
    assert row_of(small, recording).state == State.KEPT
    assert swept(small, now=due).disposed == 1
    # Back to the clock that the last look at the world goes by.
    assert remains(small, recording) == NOTHING


def test_in_batches_and_no_more_than_asked(installation: Installation) -> None:
    recordings = [kept(installation, seed, ago=OVER + timedelta(days=seed)) for seed in range(1, 6)]
    first = swept(installation, at_once=2, most=3)
    assert (first.begun, first.disposed, first.more) == (3, 3, True)
    # What was due first went first.
    states = [row_of(installation, each).state for each in recordings]
    assert states == [State.KEPT, State.KEPT, *[State.DISPOSED] * 3]
    second = swept(installation, at_once=2)
    assert (second.begun, second.disposed, second.more) == (2, 2, False)
    assert Counter(entry.event for entry in entries(installation))[Event.RECORDING_DISPOSED] == 5


def test_a_hold_that_nobody_moved_the_term_for_keeps_it_all_the_same(installation: Installation) -> None:
    recording = kept(installation)
    hold(installation, recording, ago=OVER - timedelta(days=1), moved=False)
    other = kept(installation, 2)
    assert swept(installation) == Swept(begun=1, disposed=1)
    assert (row_of(installation, recording).state, remains(installation, recording)["sealed_key"]) == (
        State.KEPT,
        1,
    )
    assert row_of(installation, other).state == State.DISPOSED
    terms = installation.vault.rule_sets.of(town.SLUG).terms
    with installation.vault.database.reading() as session:
        row = session.get_one(Recording, recording)
        assert row.dispose_after == due_of(session, row, terms)


def test_a_certificate_tells_of_holds(installation: Installation) -> None:
    recording = kept(installation)
    placed = hold(
        installation,
        recording,
        ago=OVER - timedelta(days=1),
        lifted=timedelta(days=5),
        days_after=2,
    )
    assert swept(installation).disposed == 1
    assert certificate_of(installation, recording)["holds"] == [
        {
            "trigger": "complaint",
            "placedAt": _seconds(placed.placed_at),
            "releasedAt": _seconds(placed.lifted_at),
            "daysAfter": 2,
        }
    ]


def test_longer_terms_do_not_bring_back_what_is_due(small: Installation) -> None:
    """Its row says that it was due, by the terms of then."""
    recording = kept(small, ago=timedelta(days=10))
    change(small, recording, dispose_after=now() - timedelta(minutes=1))
    record(small.vault, now=now())
    assert swept(small).disposed == 1


@pytest.mark.parametrize("recorded", [False, True])
def test_an_end_that_a_hand_wrote_takes_no_footage(installation: Installation, recorded: bool) -> None:
    """Not a minute before its term, whoever writes to the database: and it is told."""
    if recorded:
        record(installation.vault, now=now() - timedelta(days=1))
    recording = kept(installation, ago=timedelta(days=10))
    right = row_of(installation, recording).dispose_after
    change(installation, recording, dispose_after=now() - timedelta(minutes=1))
    installation.settle()
    found = check_all(installation.vault, now=now())
    assert Finding("term-not-kept", str(recording)) in found
    with capture_logs() as logs:
        assert swept(installation) == Swept()
    assert [(each["event"], each["log_level"]) for each in logs] == [("disposal.not-due", "error")]
    assert row_of(installation, recording).state == State.KEPT
    assert row_of(installation, recording).dispose_after == right


def test_what_was_begun_after_this_sweep_is_for_the_next(installation: Installation) -> None:
    """Its certificate would say that the objects went before the key did."""
    recording, moment = kept(installation), now()
    later = moment + timedelta(seconds=5)
    vault = installation.vault
    with vault.database.transaction() as session:
        vault.rule_sets.held(session, town.SLUG)
        row = session.get_one(Recording, recording, with_for_update=True)
        ground = Ground.INSIDE_DWELLING
        beginning.begin(vault, session, row, ground=ground, now=later, by=KEEPER)
    assert swept(installation, now=moment) == Swept()
    assert remains(installation, recording)["objects"] == 4
    assert swept(installation, now=later) == Swept(disposed=1)
    disposals.check(disposal_forms.read(certificate_of(installation, recording)))


def test_what_another_sweep_found_locked_meanwhile_is_for_the_next(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, and a lock that ends between their looks."""
    recording, moment = kept(small), now()
    until, real = moment + timedelta(seconds=1), discarding.discard_all

    def discard_all(store: ObjectStore, names: Any) -> discarding.Outcome:
        sweeping._keep_locked(small.vault, {recording: until})
        return real(store, names)

    with monkeypatch.context() as patched:
        patched.setattr(discarding, "discard_all", discard_all)
        assert swept(small, now=moment) == Swept(begun=1)
    assert swept(small, now=until) == Swept(disposed=1)
    disposals.check(disposal_forms.read(certificate_of(small, recording)))


def test_one_sweep_ends_no_more_than_a_minute_has_room_for(small: Installation) -> None:
    """So that what each certificate says of when the objects went is true."""
    recordings = [kept(small, seed) for seed in (1, 2, 3)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(discarding, "discard_all", lambda *_: discarding.Outcome(away=StoreUnavailable("")))
        assert swept(small).begun == 3
    first = swept(small, at_once=1, most=2)
    assert (first.disposed, first.more) == (2, True)
    assert swept(small, at_once=1, most=2) == Swept(disposed=1)
    assert {row_of(small, each).state for each in recordings} == {State.DISPOSED}


def test_one_that_cannot_be_disposed_of_holds_up_no_other(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = kept(small), [kept(small, seed) for seed in (2, 3)]
    real = beginning._check

    def check(row: Recording, *given: Any) -> None:
        if row.id == bad:
            raise RuntimeError("a row that cannot be read")
        real(row, *given)

    with monkeypatch.context() as patched:
        patched.setattr(beginning, "_check", check)
        result = swept(small)
    assert (result.begun, result.disposed, result.failed) == (2, 2, 1)
    assert [row_of(small, each).state for each in [bad, *good]] == [
        State.KEPT,
        State.DISPOSED,
        State.DISPOSED,
    ]
    assert swept(small).disposed == 1


def test_a_municipality_whose_rules_cannot_be_read_is_told_once(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        kept(small, seed)

    def altered(_: RuleSets, _session: object, municipality: str) -> None:
        raise RuleSetAltered(municipality)

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(RuleSets, "held", altered)
        result = swept(small)
    assert (result.begun, result.failed) == (0, 3)
    [line] = [line for line in logs if line["event"] == "disposal.failed"]
    assert (line["count"], line["why"]) == (3, "RuleSetAltered")
    assert swept(small).disposed == 3


def test_objects_wait_for_their_lock_and_the_key_does_not(installation: Installation) -> None:
    store, recording = installation.vault.store, kept(installation)
    names = [each.name for each in store.list(f"{recording}/")]
    until = (now() + timedelta(seconds=4)).replace(microsecond=0)
    for name in names[1:3]:
        store.retain(name, until)
    result = swept(installation)
    assert (result.begun, result.disposed, result.locked) == (1, 0, 1)
    assert remains(installation, recording) == {"part": 4, "sealed_key": 0, "depiction": 0, "objects": 2}
    disposal = disposal_of(installation, recording)
    assert disposal
    assert (disposal.locked_until, disposal.certificate) == (until, None)
    # Before that nobody tries.
    assert swept(installation) == Swept()
    threading.Event().wait(max(0.0, (until - now()).total_seconds() + 1.1))
    assert swept(installation).disposed == 1
    assert remains(installation, recording) == NOTHING
    assert certificate_of(installation, recording)["lockedUntil"] == _seconds(until)


def test_a_hold_left_on_an_object_is_lifted(installation: Installation) -> None:
    """It was released and due before its objects were brought to that."""
    store, recording = installation.vault.store, kept(installation)
    for each in list(store.list(f"{recording}/")):
        store.hold(each.name, True)
    assert swept(installation).disposed == 1
    assert remains(installation, recording) == NOTHING


def test_what_no_row_owns_goes_too(installation: Installation) -> None:
    recording = kept(installation)
    installation.vault.store.put(f"{recording}/000000-{'0' * 16}", b"left by a put that nobody finished")
    assert swept(installation).disposed == 1
    assert remains(installation, recording) == NOTHING


def test_two_sweeps_at_once_do_each_thing_once(installation: Installation) -> None:
    recordings = [kept(installation, seed) for seed in range(1, 9)]
    results, failures = list[Swept](), list[Exception]()

    def run() -> None:
        try:
            results.append(swept(installation, at_once=2))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    results.append(swept(installation))
    assert sum(result.begun for result in results) == len(recordings)
    assert sum(result.disposed for result in results) == len(recordings)
    for recording in recordings:
        assert remains(installation, recording) == NOTHING
        assert told(installation, recording, Event.RECORDING_DISPOSING) == 1
        assert told(installation, recording, Event.RECORDING_DISPOSED) == 1


def test_a_row_that_somebody_decides_on_is_passed_over(
    installation: Installation,
) -> None:
    if installation.vault.at_hand:
        pytest.skip("SQLite has one writer: the sweep waits for it")
    recording, other = kept(installation), kept(installation, 2)
    with installation.vault.database.transaction() as session:
        session.get_one(Recording, recording, with_for_update={"key_share": True})
        assert swept(installation).disposed == 1
    assert (row_of(installation, recording).state, row_of(installation, other).state) == (
        State.KEPT,
        State.DISPOSED,
    )
    assert swept(installation).disposed == 1


def test_the_receipt_stays(small: Installation) -> None:
    """By it the same file is known when it is docked again."""
    recording = kept(small)
    swept(small)
    with small.vault.database.reading() as session:
        assert session.get_one(Arrival, recording).receipt


def test_an_early_erasure_is_finished_by_the_sweep(small: Installation) -> None:
    recording = kept(small, ago=timedelta(days=2))
    vault = small.vault
    with vault.database.transaction() as session:
        row = session.get_one(Recording, recording, with_for_update=True)
        beginning.begin(vault, session, row, ground=Ground.INSIDE_DWELLING, now=now(), by=KEEPER)
    assert swept(small) == Swept(disposed=1)
    said = certificate_of(small, recording)
    assert said["ground"] == "inside-dwelling"
    assert datetime.fromisoformat(said["begun"]) < datetime.fromisoformat(said["due"])


def test_an_operator_is_named_as_an_operator(small: Installation) -> None:
    """A certificate names nobody."""
    recording = kept(small)
    sweep(small.vault, MAKER, now=now())
    assert certificate_of(small, recording)["process"]["name"] == "operator"


def test_what_fails_in_the_store_is_not_disposed_of(small: Installation) -> None:
    """One object: the others go on."""
    bad, good = kept(small), kept(small, 2)
    folder = small.home / "objects" / str(bad)
    part = next(folder.iterdir())
    (folder / f"{part.name}.until").write_text("no moment")
    result = swept(small)
    assert (result.begun, result.disposed, result.failed, result.away) == (2, 1, 1, None)
    assert (row_of(small, bad).state, row_of(small, good).state) == (State.DISPOSING, State.DISPOSED)
    disposal = disposal_of(small, bad)
    assert disposal
    assert disposal.certificate is None
    (folder / f"{part.name}.until").unlink()
    assert swept(small).disposed == 1


def test_a_store_that_goes_on_listing_is_not_believed(small: Installation) -> None:
    recording = kept(small)
    store: ObjectStore = small.vault.store
    found = list(store.list(f"{recording}/"))
    with patch.object(type(store), "list", lambda _store, _prefix: iter(found)):
        result = swept(small)
    assert (result.disposed, result.failed) == (0, 1)
    assert row_of(small, recording).state == State.DISPOSING
    assert swept(small).disposed == 1
