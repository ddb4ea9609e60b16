"""What a dock may announce, and what is told of what it may not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from console.demo import town
from ingest.announcement import LARGEST, Announcement, AnnouncementRefused, read
from ingest.problems import ANNOUNCEMENT, SAFE_NL
from policies.words import RECORDS
from tests.docking import Dock, as_kept, digest, lacking_records, opened, rows, said
from tests.footage import film
from tests.installation import MAKER, Installation
from vault.keys import KeyNotHeld, KeyRing, Role, WrappedKey
from vault.registry import Registrar
from vault.rulesets import RuleSets
from vault.tables import Recording, State

GOOD = {"camera": "VB-0042", "officer": "b.jansen", "startedAt": "2026-05-04T13:05:00+02:00"}


@pytest.mark.parametrize(
    ("changed", "length", "problem"),
    [
        ({"camera": None}, 5, "metadata-missing"),
        ({"camera": ""}, 5, "metadata-missing"),
        ({"officer": None}, 5, "metadata-missing"),
        ({"startedAt": None}, 5, "metadata-missing"),
        ({"startedAt": "yesterday"}, 5, "start-malformed"),
        ({"startedAt": "1767225600"}, 5, "start-malformed"),
        ({"startedAt": "2026-02-30T00:00:00Z"}, 5, "start-malformed"),
        ({"startedAt": "2026-05-04T13:05:00"}, 5, "start-without-zone"),
        ({"startedAt": "2026-05-04"}, 5, "start-without-zone"),
        ({"startedAt": "0001-01-01T00:00:00+14:00"}, 5, "start-malformed"),
        ({"startedAt": "9999-12-31T23:59:59-12:00"}, 5, "start-malformed"),
        ({"startedAt": "2026-05-04T13:05:00Z\0"}, 5, "start-malformed"),
        ({"cameraClock": "2026-05-04T13:05:00Z"}, 5, "clocks-malformed"),
        ({"dockClock": "2026-05-04T13:05:00Z"}, 5, "clocks-malformed"),
        ({"cameraClock": "2026-05-04T13:05:00", "dockClock": "2026-05-04T13:05:00Z"}, 5, "clocks-malformed"),
        ({"cameraClock": "2026-05-04T13:05:00Z", "dockClock": "now"}, 5, "clocks-malformed"),
        (
            {
                "startedAt": "9000-01-01T00:00:00Z",
                "cameraClock": "0001-01-02T00:00:00Z",
                "dockClock": "2026-05-04T13:05:00Z",
            },
            5,
            "clocks-malformed",
        ),
        (
            {"cameraClock": "1970-01-01T00:00:00Z", "dockClock": "2026-05-04T13:05:00+02:00"},
            5,
            "dock-clock-wrong",
        ),
        ({"sha256": "abc"}, 5, "digest-malformed"),
        ({"sha256": "g" * 64}, 5, "digest-malformed"),
        ({"sha256": "a" * 65}, 5, "digest-malformed"),
        ({"sha256": "a" * 64 + "\n"}, 5, "digest-malformed"),
        ({}, 0, "recording-empty"),
        ({}, LARGEST + 1, "recording-too-large"),
        ({"camera": "VB-9999"}, 5, "camera-unknown"),
        ({"camera": "vb-0042"}, 5, "camera-unknown"),
        ({"camera": "VB-0042\0"}, 5, "camera-unknown"),
        ({"camera": "x" * 5000}, 5, "camera-unknown"),
        ({"officer": "nobody"}, 5, "officer-unknown"),
        ({"officer": "b.jansen\0"}, 5, "officer-unknown"),
        # She works here, but wears no camera.
        ({"officer": town.SUPERVISOR.subject}, 5, "officer-unknown"),
    ],
)
def test_what_cannot_be_taken_is_explained(
    any_dock: Dock, changed: dict[str, str | None], length: int, problem: str
) -> None:
    answer = any_dock.announce(length, **changed)
    told = ANNOUNCEMENT[problem]
    assert answer.status_code == told.status, answer.text
    assert answer.json()["type"] == f"urn:bodycam-vault:problem:{problem}"
    assert answer.json()["detail"] == told.detail.nl


@pytest.mark.parametrize(
    ("started", "moment"),
    [
        ("2026-05-04T13:05:00+02:00", datetime(2026, 5, 4, 11, 5, tzinfo=UTC)),
        ("2026-05-04T11:05:00Z", datetime(2026, 5, 4, 11, 5, tzinfo=UTC)),
        ("20260504T130500+0200", datetime(2026, 5, 4, 11, 5, tzinfo=UTC)),
        ("2026-10-25T02:30:00.250+01:00", datetime(2026, 10, 25, 1, 30, 0, 250_000, tzinfo=UTC)),
        ("1970-01-01T00:00:00+01:00", datetime(1969, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_start_is_read_with_its_zone_and_stored_as_that_moment(
    standing: Installation, any_dock: Dock, started: str, moment: datetime
) -> None:
    assert read({**GOOD, "startedAt": started}, 5).started_at == moment
    upload = any_dock.begin(5, startedAt=started)
    assert rows(standing, upload).recording.recorded_at == moment


def test_a_dock_whose_own_clock_is_off_by_more_than_allowed_corrects_nothing(
    standing: Installation, any_dock: Dock
) -> None:
    """Refused, for a correction that is wrong would move the term; the footage stays on the camera."""
    camera = datetime(1970, 1, 1, 2, tzinfo=UTC)
    for off, status in ((-6, 422), (-4, 201), (4, 201), (6, 422)):
        dock = datetime.now(UTC) + timedelta(minutes=off)
        said = {"startedAt": "1970-01-01T01:00:00Z", "cameraClock": camera.isoformat()}
        answer = any_dock.announce(5, **said, dockClock=dock.isoformat())
        assert answer.status_code == status, (off, answer.text)
        if status == 201:
            recording = rows(standing, answer.headers["Location"]).recording
            assert recording.recorded_at == dock - timedelta(hours=1)
            assert recording.camera_clock_at == datetime(1970, 1, 1, 1, tzinfo=UTC)


def test_without_both_clocks_the_cameras_own_is_all_there_is(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(5, startedAt="2026-05-04T13:05:00+02:00", cameraClock="", dockClock=None)
    recording = rows(standing, upload).recording
    assert recording.recorded_at == datetime(2026, 5, 4, 11, 5, tzinfo=UTC)
    assert recording.camera_clock_at is None


def test_a_digest_is_read_in_either_case() -> None:
    assert read({**GOOD, "sha256": "AB" * 32}, 5).sha256 == "ab" * 32
    assert read({**GOOD, "sha256": ""}, 5).sha256 is None
    assert read(GOOD, LARGEST).length == LARGEST


@given(
    st.dictionaries(
        st.sampled_from(["camera", "officer", "startedAt", "sha256", "cameraClock", "dockClock"]),
        st.one_of(st.text(), st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())),
    ),
    st.integers(),
)
def test_any_metadata_is_read_or_refused(metadata: dict[str, str], length: int) -> None:
    found: Announcement | str
    try:
        found = read({**GOOD, **metadata}, length)
    except AnnouncementRefused as refused:
        found = refused.problem
    if isinstance(found, str):
        assert found in ANNOUNCEMENT
    else:
        assert 0 < found.length <= LARGEST
        assert found.started_at.tzinfo is UTC
        assert found.recorded_at.tzinfo is UTC


def test_an_announcement_has_its_intent_its_entry_and_two_wraps(
    standing: Installation, any_dock: Dock
) -> None:
    before = datetime.now(UTC)
    upload = any_dock.begin(1234, sha256="ab" * 32)
    found = rows(standing, upload)
    assert found.recording.state == State.ARRIVING
    assert (found.recording.length, found.recording.team) == (1234, town.TEAM)
    assert found.recording.sha256 is None
    assert found.arrival.announced_sha256 == "ab" * 32
    assert found.arrival.expires_at - before >= timedelta(days=7)
    assert found.sealed_key is not None
    vault, ingest = standing.vault.ring, KeyRing.load(standing.ingest_settings.keys, role=Role.INGEST)
    recording = found.recording.id
    wrapped = WrappedKey(found.sealed_key.key_id, found.sealed_key.sealed)
    ours = WrappedKey(str(found.arrival.key_id), found.arrival.sealed or b"")
    key = vault.unwrap(wrapped, recording=recording, municipality=town.SLUG)
    assert key == ingest.unwrap_arriving(ours, recording=recording, municipality=town.SLUG)
    with pytest.raises(KeyNotHeld):
        ingest.unwrap(wrapped, recording=recording, municipality=town.SLUG)
    with pytest.raises(KeyNotHeld):
        vault.unwrap_arriving(ours, recording=recording, municipality=town.SLUG)


def test_what_is_kept_is_recognised_before_its_first_byte(standing: Installation, any_dock: Dock) -> None:
    content = film()
    first = any_dock.upload(content)
    receipt = any_dock.receipt(first)
    assert receipt["wipe"] is True
    again = any_dock.begin(len(content), sha256=digest(content))
    assert again != first
    assert any_dock.offset(again) == len(content)
    assert any_dock.receipt(again) == receipt
    found = rows(standing, again)
    assert (found.recording.state, found.sealed_key, found.arrival.sealed) == (State.DUPLICATE, None, None)
    # A sender that does not ask first is heard out, and nothing comes of it.
    assert any_dock.send(again, content).headers["Upload-Offset"] == str(len(content))
    assert rows(standing, again).objects == []


def test_only_the_same_camera_the_same_bytes_and_the_same_length_are_recognised(
    standing: Installation, any_dock: Dock
) -> None:
    content = film()
    any_dock.receipt(any_dock.upload(content))
    Registrar(standing.vault.database, standing.vault.ring, MAKER).camera(
        town.SLUG, "VB-0043", now=datetime.now(UTC)
    )
    for length, changed in (
        (len(content), {"camera": "VB-0043", "sha256": digest(content)}),
        (len(content) + 1, {"sha256": digest(content)}),
        (len(content), {"sha256": digest(content + b"x")}),
        (len(content), {}),
    ):
        upload = any_dock.begin(length, **changed)
        assert any_dock.offset(upload) == 0
        assert rows(standing, upload).recording.state == State.ARRIVING


def count(installation: Installation) -> int:
    with installation.vault.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Recording)) or 0


@pytest.mark.parametrize(
    "missing",
    [("dpia",), ("works-council",), ("citizen-notice",), ("dpia", "works-council", "citizen-notice")],
    ids="+".join,
)
def test_without_its_legal_records_nothing_is_taken(small: Installation, missing: tuple[str, ...]) -> None:
    before = count(small)
    with opened(lacking_records(small, *missing)) as dock:
        told = dock.announce(5)
    assert (told.status_code, count(small)) == (409, before)
    assert told.json()["type"].endswith(":records-missing")
    assert told.json()["records"] == list(missing)
    assert SAFE_NL in told.json()["detail"]
    for name, words in RECORDS.items():
        assert (words.nl in told.json()["detail"]) == (name in missing)


def test_which_records_are_missing_is_told_in_english_too(small: Installation) -> None:
    with opened(lacking_records(small, "works-council")) as dock:
        headers = dock.headers(Upload_Length="5", Upload_Metadata=said(), Accept_Language="en")
        told = requests.post(f"{dock.url}/uploads", headers=headers, timeout=30)
    assert told.json()["detail"].startswith("Missing: consent of the works council. ")


def test_without_rules_nothing_is_taken(small: Installation) -> None:
    nobody = replace(small, intake=replace(small.intake, rule_sets=RuleSets({})))
    with opened(nobody) as dock:
        told = dock.announce(5)
    assert told.status_code == 409
    assert told.json()["detail"] == ANNOUNCEMENT["rules-missing"].detail.nl


def test_what_is_arriving_goes_on_when_records_vanish(small: Installation) -> None:
    content = film()
    with opened(small) as dock:
        upload = dock.begin(len(content))
        dock.send(upload, content[:1000])
    with opened(lacking_records(small, "dpia")) as dock:
        assert dock.announce(5).status_code == 409
        here = dock.found(upload)
        dock.go_on(here, content, dock.offset(here))
        assert dock.receipt(here)["wipe"] is True
    assert as_kept(small, upload) == content
