"""Footage to a player: ranges as RFC 9110 has them, every byte the camera's own, and what ends a viewing."""

import hashlib
import json
import random
import socket
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import delete, update

from console.demo import town
from policies.rules import Obligation
from tests.watching import (
    PART,
    House,
    completion_of,
    demand,
    entries,
    eventually,
    footage,
    ids,
    keep,
    parts_on_disk,
    payload_of,
    problem,
)
from vault.audit import Event
from vault.footage import PIECE
from vault.ids import GrantId
from vault.tables import Person, SealedKey
from vault.viewing import CARRIED_OUT
from vault.web.player import media_type

LENGTH = len(footage())
UNSATISFIABLE = ["{n}-", "{n}-{n}", "{n}-99999999999", "99999999999999999999-"]
IGNORED = ["abc", "5-2", "1-x", "", "-", "--5", "-0", "0-0,5-9", "1-2,4-5,7-8", "0x1-0x2", "+1-2", "1.5-2"]


@pytest.fixture(scope="module")
def grant(house: House) -> str:
    return house.grant()


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("0-0", 0, 0),
        ("0-99", 0, 99),
        ("100-", 100, LENGTH - 1),
        ("-1", LENGTH - 1, LENGTH - 1),
        ("-500", LENGTH - 500, LENGTH - 1),
        (f"-{LENGTH}", 0, LENGTH - 1),
        (f"-{LENGTH + 1}", 0, LENGTH - 1),
        ("-99999999999", 0, LENGTH - 1),
        (f"{LENGTH - 1}-", LENGTH - 1, LENGTH - 1),
        (f"{LENGTH - 1}-{LENGTH + 5}", LENGTH - 1, LENGTH - 1),
        ("0-99999999999", 0, LENGTH - 1),
        (f"{PART - 1}-{PART}", PART - 1, PART),
        (f"{PART}-{PART}", PART, PART),
        (f"{PART - 1}-{2 * PART}", PART - 1, 2 * PART),
    ],
)
def test_a_range_is_what_was_asked(house: House, grant: str, span: str, first: int, last: int) -> None:
    answer = house.watch(grant, span)
    assert answer.status_code == 206
    assert answer.content == house.plain[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{LENGTH}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in answer.headers


def test_random_ranges_across_the_parts(house: House, grant: str) -> None:
    chance = random.Random(7)
    near = [0, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART, 3 * PART, LENGTH - 1]
    for _ in range(40):
        edge = chance.choice(near)
        first = min(max(0, edge + chance.randint(-20_000, 20_000)), LENGTH - 1)
        last = min(first + chance.choice([0, 1, 15, 16_384, PART, 2 * PART]), LENGTH - 1)
        assert house.watch(grant, f"{first}-{last}").content == house.plain[first : last + 1]


def test_all_of_it(house: House, grant: str) -> None:
    answer = house.watch(grant)
    assert answer.status_code == 200
    assert answer.content == house.plain
    assert "Content-Range" not in answer.headers
    assert answer.headers["Content-Length"] == str(LENGTH)


@pytest.mark.parametrize("span", IGNORED)
def test_what_is_no_single_range_gets_all(house: House, grant: str, span: str) -> None:
    answer = house.watch(grant, span)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(house.plain).digest()


def test_another_unit_gets_all(house: House, grant: str) -> None:
    answer = house.desk(town.SUPERVISOR).get(f"/grants/{grant}/footage", Range="frames=0-5")
    assert answer.content == house.plain


@pytest.mark.parametrize("span", UNSATISFIABLE)
def test_beyond_the_end_is_a_416_that_tells_no_length(house: House, grant: str, span: str) -> None:
    before = len(entries(house.installation, Event.VIEWING_DENIED))
    answer = house.watch(grant, span.format(n=LENGTH))
    problem(answer, 416, "range-outside")
    assert str(LENGTH) not in answer.text + str(answer.headers)
    # It tells that the footage is shorter: so it stands in the trail.
    assert len(entries(house.installation, Event.VIEWING_DENIED)) == before + 1


def test_every_range_has_its_entry_and_its_completion(house: House, grant: str) -> None:
    house.watch(grant, "10-19")
    served = entries(house.installation, Event.VIEWING_SERVED)[-1]
    leaf = json.loads(served.leaf)
    assert leaf["facts"] == {"first": 10, "last": 19}
    completed = eventually(lambda: completion_of(house.installation, served))
    assert completed["facts"] == {"first": 10, "last": 19, "bytes": 10}
    assert completed["obj"] == leaf["obj"]
    assert completed["actor"] == leaf["actor"]


def test_another_writer_holds_up_nobody_else(house: House, grant: str) -> None:
    """The range waits for its entry; the door itself does not."""
    answers: list[requests.Response] = []
    watcher = threading.Thread(target=lambda: answers.append(house.watch(grant, "10-19")))
    with house.installation.vault.database.transaction() as session:
        session.execute(update(Person).values(active=Person.active))  # on PostgreSQL this holds up nobody
        watcher.start()
        time.sleep(0.3)
        began = time.monotonic()
        assert requests.get(f"{house.url}/health/alive", timeout=10).ok
        assert time.monotonic() - began < 1
    watcher.join(10)
    assert answers[0].content == house.plain[10:20]


def test_a_revoked_grant_shows_nothing_more(house: House) -> None:
    grant = house.grant()
    session = requests.Session()  # the same connection, as a player keeps it
    url = f"{house.url}/api/v1/grants/{grant}/footage"
    token = house.provider.token(town.SUPERVISOR.subject)
    headers = {"Authorization": f"Bearer {token}", "Range": "bytes=0-9"}
    assert session.get(url, headers=headers, timeout=10).content == house.plain[:10]
    house.desk(town.PRIVACY_OFFICER).post(f"/grants/{grant}/revocations", {"reason": "It was a mistake."})
    refused = session.get(url, headers=headers, timeout=10)
    assert ids(problem(refused, 403, "denied")) == ["grant-revoked"]


def test_a_grant_ends_by_itself(house: House) -> None:
    grant = house.grant(validUntil=(house.clock() + timedelta(minutes=10)).isoformat())
    try:
        house.clock.ahead = timedelta(minutes=9)
        assert house.watch(grant, "0-9").status_code == 206
        house.clock.ahead = timedelta(minutes=11)
        assert ids(problem(house.watch(grant, "0-9"), 403, "denied")) == ["grant-ended"]
        house.clock.ahead = timedelta(days=40)
        assert "term-is-over" in ids(problem(house.watch(grant, "0-9"), 403, "denied"))
    finally:
        house.clock.ahead = timedelta()


@pytest.mark.parametrize("who", [town.PRIVACY_OFFICER, town.OFFICER, town.ADMINISTRATOR])
def test_a_grant_is_for_its_holder_only(house: House, grant: str, who: town.Resident) -> None:
    before = len(entries(house.installation, Event.VIEWING_DENIED))
    assert ids(problem(house.watch(grant, "0-9", who), 403, "denied")) == ["not-the-holder"]
    assert len(entries(house.installation, Event.VIEWING_DENIED)) == before + 1


def test_an_id_is_not_a_grant(house: House) -> None:
    for other in (house.recording, house.ask().json()["id"], uuid.uuid4()):
        problem(house.watch(str(other), "0-9"), 404, "not-found")


@pytest.mark.parametrize("obligation", sorted(set(Obligation) - CARRIED_OUT))
def test_what_cannot_be_carried_out_shows_nothing(house: House, obligation: Obligation) -> None:
    grant = house.grant()
    demand(house.installation, GrantId(uuid.UUID(grant)), ["no-copy", obligation.value])
    body = problem(house.watch(grant, "0-9"), 403, "obligation-unmet")
    assert [unmet["id"] for unmet in body["obligations"]] == [obligation.value]
    denied = entries(house.installation, Event.VIEWING_DENIED)[-1]
    assert payload_of(house.installation, denied)["details"]["unmet"] == [obligation.value]


def test_an_obligation_nobody_knows_shows_nothing(house: House) -> None:
    grant = house.grant()
    demand(house.installation, GrantId(uuid.UUID(grant)), ["sing-along"])
    assert ids(problem(house.watch(grant, "0-9"), 403, "denied")) == ["obligation-unknown"]


def test_without_its_key_nothing_is_shown(small_house: House) -> None:
    grant = small_house.grant()
    assert small_house.watch(grant, "0-9").status_code == 206  # and the key is remembered
    with small_house.installation.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    problem(small_house.watch(grant, "0-9"), 404, "not-found")


def test_a_key_of_other_footage_opens_nothing(small_house: House) -> None:
    made = small_house.installation
    other = keep(made, footage(PART, seed=5))
    grant = small_house.grant()
    with made.vault.database.transaction() as session:
        theirs = session.get_one(SealedKey, other)
        session.execute(
            update(SealedKey)
            .where(SealedKey.recording_id == small_house.recording)
            .values(sealed=theirs.sealed, key_id=theirs.key_id)
        )
    problem(small_house.watch(grant, "0-9"), 500, "footage-broken")


def flip(path: Path, at: int) -> None:
    """Change one bit of an object that is never changed."""
    sealed = bytearray(path.read_bytes())
    sealed[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(sealed)


def test_damage_in_the_first_piece_is_told_before_a_byte(small_house: House) -> None:
    grant = small_house.grant()
    flip(parts_on_disk(small_house.installation)[0], 5000)
    for span in ("0-9", "0-99999", None):
        answer = small_house.watch(grant, span)
        problem(answer, 500, "footage-broken")
    # The rest of the footage is what it was.
    last = small_house.watch(grant, f"{PART}-{PART + 9}")
    assert last.content == small_house.plain[PART : PART + 10]


def test_an_object_that_is_gone_is_told_before_a_byte(small_house: House) -> None:
    grant = small_house.grant()
    parts_on_disk(small_house.installation)[0].unlink()
    problem(small_house.watch(grant, "0-9"), 500, "footage-broken")


def test_a_store_that_is_away_is_told_before_a_byte(small_house: House) -> None:
    grant = small_house.grant()
    objects = small_house.installation.home / "objects"
    objects.rename(objects.with_name("elsewhere"))
    problem(small_house.watch(grant, "0-9"), 503, "service-away")


def test_damage_further_on_breaks_the_connection(small_house: House) -> None:
    grant = small_house.grant()
    flip(parts_on_disk(small_house.installation)[2], 5000)
    url = f"{small_house.url}/api/v1/grants/{grant}/footage"
    headers = {"Authorization": f"Bearer {small_house.provider.token(town.SUPERVISOR.subject)}"}
    answer = requests.get(url, headers=headers, stream=True, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(LENGTH)
    received = b""
    broken = False
    try:
        for chunk in answer.iter_content(1024):
            received += chunk
    except requests.exceptions.ChunkedEncodingError:
        broken = True
    assert broken
    assert received == small_house.plain[: len(received)]
    assert len(received) <= 2 * PART
    served = entries(small_house.installation, Event.VIEWING_SERVED)[-1]
    completed = eventually(lambda: completion_of(small_house.installation, served))
    assert completed["facts"]["bytes"] == 2 * PART


def test_who_hangs_up_has_watched_what_was_sent(small_house: House) -> None:
    made = small_house.installation
    plain = footage(24 * PIECE, seed=4)
    recording = keep(made, plain)
    grant = small_house.decide(small_house.ask(recordingId=str(recording)).json()["id"]).json()["grantId"]
    where = urlsplit(small_house.url)
    token = small_house.provider.token(town.SUPERVISOR.subject)
    with socket.create_connection((where.hostname, where.port)) as player:
        player.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        player.sendall(
            f"GET /api/v1/grants/{grant}/footage HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        assert player.recv(1000).startswith(b"HTTP/1.1 200")
    served = entries(made, Event.VIEWING_SERVED)[-1]
    completed = eventually(lambda: completion_of(small_house.installation, served))
    assert 0 < completed["facts"]["bytes"] < len(plain)


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "video/mp4"),
        ("matroska,webm", "video/x-matroska"),
        ("text/html", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_the_type_is_one_of_ours(container: str | None, expected: str) -> None:
    assert media_type({"container": container}) == expected
    assert media_type(None) == "application/octet-stream"
