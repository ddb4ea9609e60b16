"""What arrived is judged: kept, put in quarantine with the right reason, or recognised."""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from console.demo import town
from ingest import examination, receipts
from ingest.examination import examine, waiting
from ingest.intake import Intake, NoArrivingKey
from policies.retention import days_later
from tests.docking import (
    PART,
    Dock,
    as_kept,
    digest,
    events,
    id_of,
    intake_of,
    kept_as_whole,
    opened,
    received,
    rows,
    stored,
    wait_for,
)
from tests.footage import film, index_first, made, tone, tone_with_cover
from tests.installation import Installation
from tests.ruling import OTHER, SHORTER, proposed, put_in_force
from tests.stores import BrittleStore
from vault import audit, rule_changes
from vault.audit import Event
from vault.ids import RecordingId
from vault.keys import KeyNotHeld, KeyRing, Role, WrappedKey, WrappingBroken
from vault.objects import StoreUnavailable
from vault.rule_records import record
from vault.tables import Arrival, Part, Recording, State

DAY = timedelta(days=1)


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


# Kept


@pytest.mark.parametrize("make", [film, index_first], ids=["index at the end", "index first"])
@pytest.mark.parametrize("announce_digest", [True, False])
def test_footage_is_kept(
    standing: Installation, any_dock: Dock, make: Callable[[int], bytes], announce_digest: bool
) -> None:
    content = make(3 * PART + 1)
    upload = any_dock.upload(content, sha256=digest(content) if announce_digest else None)
    assert any_dock.receipt(upload)["wipe"] is True
    kept_as_whole(standing, upload, content)
    found = rows(standing, upload).recording
    assert found.media is not None
    assert (found.media["videoCodec"], found.media["audioCodec"]) == ("h264", "aac")
    assert 1.9 < found.media["seconds"] < 2.2
    assert found.dispose_after is not None
    assert found.dispose_after > found.recorded_at
    assert events(standing, upload) == [Event.RECORDING_ANNOUNCED, Event.RECORDING_KEPT]


@pytest.mark.parametrize(
    "make",
    [
        lambda: made(name="film.mkv"),
        lambda: made(name="film.mov"),
        lambda: made(name="film.ts"),
        lambda: made("-movflags", "frag_keyframe+empty_moov"),
        lambda: made("-c:v", "mpeg4", "-c:a", "mp3", name="film.avi"),
        lambda: made(sound=False),
        lambda: made("-bf", "3", "-g", "5"),
        lambda: made("-r", "1", seconds=4),
        lambda: made(seconds=0.1, sound=False),
    ],
    ids=["mkv", "mov", "ts", "fragmented", "avi", "mute", "b-frames", "one frame a second", "one frame"],
)
def test_whatever_cameras_write_is_kept(dock: Dock, make: Callable[[], bytes]) -> None:
    assert dock.receipt(dock.upload(make()))["state"] == "kept"


# Quarantine


def cut_index_first() -> bytes:
    content = made("-movflags", "+faststart")
    return content[: len(content) * 2 // 3]


def cut_index_last() -> bytes:
    content = made()
    return content[: len(content) * 2 // 3]


def cut_matroska() -> bytes:
    content = made(name="film.mkv")
    return content[: len(content) // 2]


def says_too_long() -> bytes:
    """A second that says of itself, in mvhd, tkhd and mdhd alike, to last for days."""
    content = bytearray(made(seconds=1, sound=False))
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = content.index(box) + 4
        duration = at + (20 if box == b"tkhd" else 16)
        content[duration : duration + 4] = (0x7FFF_FFF0).to_bytes(4, "big")
    at = content.index(b"stts") + 4
    content[at + 12 : at + 16] = (0x0FFF_FFFF).to_bytes(4, "big")
    return bytes(content)


QUARANTINE: dict[str, tuple[Callable[[], bytes], dict[str, str], str]] = {
    "wrong digest": (film, {"sha256": "ab" * 32}, "wrong-digest"),
    "cut, index first": (cut_index_first, {}, "truncated"),
    "cut, index last": (cut_index_last, {}, "truncated"),
    "cut, matroska": (cut_matroska, {}, "truncated"),
    "text": (lambda: b"Dear colleague, please find attached the recording.\n" * 40, {}, "not-footage"),
    "one byte": (lambda: b"\0", {}, "not-footage"),
    "zeros": (lambda: bytes(100_000), {}, "not-footage"),
    "only a header": (lambda: made()[:32], {}, "truncated"),
    "sound only": (tone, {}, "no-video"),
    "a picture on a sound": (tone_with_cover, {}, "no-video"),
    "absurd duration": (says_too_long, {}, "absurd-duration"),
    "from the future": (film, {"startedAt": hours_ago(-1)}, "camera-clock-in-future"),
    "clock fell back": (film, {"startedAt": "1970-01-01T00:03:00Z"}, "term-already-over"),
    "term over": (film, {"startedAt": hours_ago(24 * 400)}, "term-already-over"),
}


@pytest.mark.parametrize("case", QUARANTINE)
def test_what_is_wrong_goes_to_quarantine_sealed(small: Installation, dock: Dock, case: str) -> None:
    make, metadata, reason = QUARANTINE[case]
    in_quarantine(small, dock, make(), metadata, reason)


@pytest.mark.parametrize("case", ["wrong digest", "text"])
def test_quarantine_on_both_pairs(standing: Installation, any_dock: Dock, case: str) -> None:
    make, metadata, reason = QUARANTINE[case]
    in_quarantine(standing, any_dock, make(), metadata, reason)


def in_quarantine(
    installation: Installation, dock: Dock, content: bytes, metadata: dict[str, str], reason: str
) -> None:
    upload = dock.upload(content, **metadata)
    found = dock.receipt(upload)
    assert (found["state"], found["reason"], found["wipe"]) == ("quarantined", reason, False)
    claims = found["claims"]
    assert (claims["state"], claims["reason"], claims["wipe"]) == ("quarantined", reason, False)
    kept = rows(installation, upload)
    assert (kept.recording.state, kept.recording.reason) == (State.QUARANTINED, reason)
    assert (kept.arrival.key_id, kept.arrival.sealed) == (None, None)
    assert kept.recording.dispose_after is not None
    # Its own clock may be what is wrong: the term runs from today.
    assert kept.recording.dispose_after > datetime.now(UTC)
    assert as_kept(installation, upload) == content
    assert events(installation, upload) == [Event.RECORDING_ANNOUNCED, Event.RECORDING_QUARANTINED]
    assert len(content) < 16 or content[:64] not in b"".join(
        installation.vault.store.fetch(name, 0, 63) for name in stored(installation, upload)
    )


def test_a_camera_that_woke_up_in_1970_is_corrected_and_its_footage_kept(
    standing: Installation, any_dock: Dock
) -> None:
    clock = datetime.now(UTC)
    upload = any_dock.upload(
        film(),
        startedAt="1970-01-01T00:03:00Z",
        cameraClock="1970-01-01T04:00:00+01:00",
        dockClock=clock.isoformat(),
    )
    found = any_dock.receipt(upload)
    began = clock - timedelta(hours=2, minutes=57)
    assert (found["state"], found["wipe"]) == ("kept", True)
    assert found["claims"]["recordedAt"] == began.isoformat()
    assert found["claims"]["cameraClockAt"] == "1970-01-01T00:03:00+00:00"
    recording = rows(standing, upload).recording
    assert (recording.recorded_at, recording.camera_clock_at) == (
        began,
        datetime(1970, 1, 1, 0, 3, tzinfo=UTC),
    )
    terms = standing.intake.rule_sets.of(town.SLUG).terms
    assert recording.dispose_after == days_later(began, terms.term_of("avg"))


@pytest.mark.parametrize(
    ("started", "clock", "reason"),
    [
        ("2026-05-04T13:05:00Z", "1970-01-01T00:10:00Z", "camera-clock-in-future"),
        ("1970-01-01T00:03:00Z", None, "term-already-over"),
    ],
    ids=["fell back since", "was set since"],
)
def test_a_clock_that_changed_between_recording_and_docking_is_no_reason_to_believe(
    small: Installation, dock: Dock, started: str, clock: str | None, reason: str
) -> None:
    now = datetime.now(UTC).isoformat()
    said = {"startedAt": started, "cameraClock": clock or now, "dockClock": now}
    in_quarantine(small, dock, film(), said, reason)


@pytest.mark.parametrize("ahead", [timedelta(minutes=4), timedelta(minutes=6)])
def test_a_camera_may_be_a_little_ahead(dock: Dock, ahead: timedelta) -> None:
    started = (datetime.now(UTC) + ahead).isoformat()
    found = dock.receipt(dock.upload(film(), startedAt=started))
    assert found["wipe"] is (ahead < timedelta(minutes=5))


# The commit point


def test_after_the_commit_point_ingest_cannot_open_it(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.upload(film())
    any_dock.receipt(upload)
    found = rows(standing, upload)
    assert found.sealed_key is not None
    with pytest.raises(NoArrivingKey):
        standing.intake.arriving_key(found.arrival, town.SLUG)
    ring = KeyRing.load(standing.ingest_settings.keys, role=Role.INGEST)
    recording, wrapped = id_of(upload), WrappedKey(found.sealed_key.key_id, found.sealed_key.sealed)
    with pytest.raises(KeyNotHeld):
        ring.unwrap(wrapped, recording=recording, municipality=town.SLUG)
    assert ring.arrival is not None
    for key_id in ring.arrival.ids():
        for candidate in (wrapped.sealed, wrapped.sealed[:32], wrapped.sealed[32:]):
            with pytest.raises((WrappingBroken, ValueError)):
                ring.unwrap_arriving(
                    WrappedKey(key_id, candidate), recording=recording, municipality=town.SLUG
                )
    private = [path for path in standing.ingest_settings.keys.rglob("private.pem") if "sealing" in path.parts]
    assert private == []


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("step", ["sign", "append_leaf"])
def test_a_commit_point_that_fails_changes_nothing(
    standing: Installation, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = film()
    upload = received(standing, content)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(step)

    with monkeypatch.context() as patched:
        patched.setattr(receipts if step == "sign" else audit, step, fail)
        with pytest.raises(RuntimeError, match=step):
            examine(standing.intake, id_of(upload), None, now=now())
    found = rows(standing, upload)
    assert found.recording.state == State.RECEIVED
    assert found.recording.sha256 is None
    assert found.arrival.sealed is not None
    assert found.arrival.receipt is None
    assert events(standing, upload) == [Event.RECORDING_ANNOUNCED]
    assert examine(standing.intake, id_of(upload), None, now=now() + DAY)
    kept_as_whole(standing, upload, content)


def test_the_running_hash_is_believed_and_without_one_all_is_read_again(standing: Installation) -> None:
    content = film(2 * PART)
    upload = received(standing, content)
    assert examine(standing.intake, id_of(upload), None, now=now())
    kept_as_whole(standing, upload, content)


def test_the_term_is_that_of_the_rules_in_force_at_the_commit_point(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others come into force while this process examines, and it has not looked which are since."""
    upload = received(installation, film())
    look = examination._look

    def slow(intake: Intake, *given: object) -> object:
        found = look(intake, *given)  # type: ignore[arg-type]  # handed through
        put_in_force(installation, SHORTER)
        return found

    monkeypatch.setattr(examination, "_look", slow)
    assert examine(installation.intake, id_of(upload), None, now=now())
    found = rows(installation, upload).recording
    assert found.dispose_after == days_later(found.recorded_at, 14)


def test_an_activation_waits_for_a_commit_point_that_has_begun(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(installation.vault, now=now())
    upload, change = received(installation, film()), proposed(installation, SHORTER)
    sign, threads = receipts.sign, ThreadPoolExecutor(1)
    started: list[Future[object]] = []

    def slow(*given: Any, **named: Any) -> str:
        """Its term is known by now."""
        verb = partial(rule_changes.activate, installation.vault, OTHER, change, now=now())
        started.append(threads.submit(verb))
        with pytest.raises(TimeoutError):
            started[0].result(timeout=0.5)
        return sign(*given, **named)

    monkeypatch.setattr(receipts, "sign", slow)
    with threads:
        assert examine(installation.intake, id_of(upload), None, now=now())
    started[0].result()
    found = rows(installation, upload).recording
    assert found.dispose_after == days_later(found.recorded_at, 14)


# Leases


def test_one_examines_at_a_time(standing: Installation) -> None:
    content = film()
    upload = received(standing, content)
    recording, at = id_of(upload), now() + timedelta(minutes=1)
    assert recording not in waiting(standing.intake, now=now())  # whoever took its last byte begins first
    assert recording in waiting(standing.intake, now=at)
    assert examination._lease(standing.intake, recording, at)
    assert not examination._lease(standing.intake, recording, at)
    assert not examine(standing.intake, recording, None, now=at)
    assert recording not in waiting(standing.intake, now=at)
    end = rows(standing, upload).arrival.examined_until
    assert end is not None
    assert end - at >= timedelta(seconds=2 * standing.intake.settings.probe_seconds)
    assert recording not in waiting(standing.intake, now=end - timedelta(seconds=1))
    assert recording in waiting(standing.intake, now=end + timedelta(seconds=1))
    assert examine(standing.intake, recording, None, now=end + timedelta(seconds=1))
    kept_as_whole(standing, upload, content)
    assert not examine(standing.intake, recording, None, now=at + DAY)
    assert recording not in waiting(standing.intake, now=at + DAY)


def test_whoever_comes_late_changes_nothing(standing: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease ran out while it looked, and another has passed the commit point since."""
    content = film()
    upload = received(standing, content)
    look = examination._look

    def slow(intake: Intake, *given: object) -> object:
        found = look(intake, *given)  # type: ignore[arg-type]  # handed through
        with monkeypatch.context() as patched:
            patched.setattr(examination, "_look", look)
            assert examine(intake, id_of(upload), None, now=now() + DAY)
        return found

    monkeypatch.setattr(examination, "_look", slow)
    assert examine(standing.intake, id_of(upload), None, now=now())
    kept_as_whole(standing, upload, content)
    assert events(standing, upload) == [Event.RECORDING_ANNOUNCED, Event.RECORDING_KEPT]


def test_leased_recordings_do_not_keep_others_waiting(own: Installation) -> None:
    """A hundred that are being examined, and one that nobody looks at."""
    with opened(own) as dock:
        uploads = [dock.begin(5) for _ in range(102)]
    with own.vault.database.transaction() as session:
        session.execute(update(Recording).values(state=State.RECEIVED))
        session.execute(update(Arrival).values(examined_until=now() + DAY))
        last = id_of(uploads[-1])
        session.execute(update(Arrival).where(Arrival.recording_id == last).values(examined_until=None))
    assert waiting(own.intake, now=now() + timedelta(minutes=1)) == [last]


# What is not the footage's fault


@pytest.mark.parametrize("fetch", [1, 2, 3])
def test_a_store_that_goes_away_condemns_nothing(small: Installation, fetch: int) -> None:
    content = film(PART - 100)
    upload = received(small, content)

    def away(number: int) -> Exception | None:
        return StoreUnavailable("test") if number >= fetch else None

    brittle = replace(small.intake, store=BrittleStore(small.intake.store, on_fetch=away))
    with pytest.raises(StoreUnavailable):
        examine(brittle, id_of(upload), digest(content), now=now())
    assert rows(small, upload).recording.state == State.RECEIVED
    assert examine(small.intake, id_of(upload), None, now=now() + DAY)
    kept_as_whole(small, upload, content)


def test_a_slow_store_condemns_nothing(small: Installation) -> None:
    content = film()
    upload = received(small, content)
    slow = threading.Event()

    def wait(_: int) -> None:
        slow.wait(0.25)

    intake = replace(small.intake, store=BrittleStore(small.intake.store, on_fetch=wait))
    assert examine(intake, id_of(upload), digest(content), now=now())
    kept_as_whole(small, upload, content)


def test_without_ffprobe_the_examination_waits(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    content = film()
    monkeypatch.setattr("ingest.app.TAKE_OVER_SECONDS", 0.1)
    there = shutil.which("ffprobe")
    assert there
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "/nowhere")
        with opened(small, probe_seconds=1) as dock:
            upload = dock.upload(content)
            wait_for(lambda: rows(small, upload).arrival.examined_until, "nobody tried")
            assert dock.ask_receipt(upload).status_code == 202
    assert rows(small, upload).recording.state == State.RECEIVED
    with opened(small, clock=lambda: now() + timedelta(seconds=30)) as dock:
        assert dock.receipt(dock.found(upload))["wipe"] is True
    kept_as_whole(small, upload, content)


# By ingest's verbs alone


def test_what_is_not_complete_is_not_examined(small: Installation, dock: Dock) -> None:
    upload = dock.begin(5)
    assert not examine(intake_of(small), id_of(upload), None, now=now())
    assert rows(small, upload).arrival.examined_until is None


def test_an_object_that_no_row_owns_goes_with_the_examination(small: Installation) -> None:
    """Left by a writer that died, or lost the race for its offset."""
    content = film()
    upload = received(small, content)
    recording = RecordingId(id_of(upload))
    left = f"{recording}/000007-{'0' * 16}"
    small.intake.store.put(left, b"sealed, once")
    assert examine(small.intake, recording, None, now=now())
    assert left not in stored(small, upload)
    kept_as_whole(small, upload, content)
    with small.vault.database.reading() as session:
        assert session.scalar(select(func.count()).where(Part.recording_id == recording)) == 1
