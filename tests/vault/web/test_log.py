"""The log through the vault's doors, as outsiders read it: who may, what they get, and that it is known."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from auditor import notes, tiles
from auditor.checkpoints import open_checkpoint
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Unreadable, Web
from auditor.verify import Outcome, verify
from auditor.witness import create, look, submit_to
from console.demo import town
from tests.installation import free_port, listening
from tests.watching import House, entries, eventually, ids, payload_of, problem
from vault.audit import Event
from vault.log.access import ACCOUNTED
from vault.tables import Assignment
from vault.web.app import make_app

WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "or.voorbeeldstad.example"
KEY = VerifierKey.of(NAME, COSIGNATURE, WITNESS)


def get(house: House, path: str, who: town.Resident = town.PRIVACY_OFFICER) -> requests.Response:
    token = house.provider.token(who.subject)
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return requests.get(f"{house.url}/log/{path}", headers=headers, timeout=10)


def post(house: House, body: bytes, who: town.Resident = town.PRIVACY_OFFICER) -> requests.Response:
    headers = {"Authorization": f"Bearer {house.provider.token(who.subject)}", "Accept-Language": "en"}
    return requests.post(f"{house.url}/log/cosignatures", body, headers=headers, timeout=10)


@pytest.fixture
def witnessed(house: House) -> Iterator[House]:
    """The same vault, told of a witness."""
    settings = house.installation.settings.model_copy(update={"witnesses": str(KEY)})
    with listening(make_app(house.installation.vault, settings, house.clock), free_port()) as url:
        yield House(house.installation, house.provider, house.clock, url, house.recording, house.plain)


def web(house: House, who: town.Resident = town.PRIVACY_OFFICER) -> Web:
    return Web(f"{house.url}/log", token=house.provider.token(who.subject))


def log_key(house: House) -> VerifierKey:
    return house.installation.vault.ring.log_keys[0]


def test_an_outsider_verifies_it_over_http(house: House) -> None:
    grant = house.grant()
    assert house.watch(grant, "0-99").status_code == 206
    assert house.watch(grant, "0-99", town.ADMINISTRATOR).status_code == 403
    eventually(lambda: entries(house.installation, Event.VIEWING_COMPLETED))
    house.installation.settle()
    report = verify(web(house), log_key(house))
    assert (report.outcome, report.findings) == (Outcome.PROVEN, [])
    written = ("recording.kept", "request.approved", "viewing.served", "viewing.denied", "viewing.completed")
    assert set(written) <= report.types.keys()


def test_its_files_are_of_the_kinds_that_the_format_names(house: House) -> None:
    house.installation.settle()
    checkpoint = get(house, "checkpoint")
    size = open_checkpoint(checkpoint.content, log_key(house)).checkpoint.size
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "no-store"
    for path in (tiles.tile_path(0, 0, size), tiles.bundle_path(0, size), tiles.tile_path(0, 0, 1)):
        answer = get(house, path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert get(house, "minimum-index").text == "0\n"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tile/0/001",
            "tile/0/000.p/255",
            "tile/entries/000.p/255",
            "tile/1/000",
            "tile/0/0",
            "tile/x",
            "tile/",
        ),
        # Numbers that no database has an index for.
        "tile/entries/x999/x999/x999/x999/x999/999",
        "tile/63/x999/x999/x999/x999/x999/999",
        "tile/entries/x036/x028/x797/x018/x963/967.p/255",
    ],
)
def test_what_the_tree_has_not_is_not_found(house: House, path: str) -> None:
    house.installation.settle()
    problem(get(house, path), 404, "not-found")


@pytest.mark.parametrize(
    "who", [town.SUPERVISOR, town.OFFICER, town.ADMINISTRATOR], ids=lambda who: who.subject
)
@pytest.mark.parametrize("path", ["checkpoint", "cosigned-checkpoint", "minimum-index", "tile/0/000"])
def test_the_rules_say_who_reads_it(house: House, who: town.Resident, path: str) -> None:
    before = len(entries(house.installation, Event.LOG_DENIED))
    assert ids(problem(get(house, path, who), 403, "denied")) == ["log-for-oversight-only"]
    denied = entries(house.installation, Event.LOG_DENIED)
    assert len(denied) == before + 1
    assert payload_of(house.installation, denied[-1])["actor"]["name"] == who.name


def test_nobody_else_hands_in_a_cosignature(house: House) -> None:
    problem(post(house, b"", town.SUPERVISOR), 403, "denied")


def test_a_reader_is_one_entry_an_hour(house: House) -> None:
    house.clock.ahead = timedelta(0)
    get(house, "checkpoint")
    before = len(entries(house.installation, Event.LOG_READ))
    for _ in range(3):
        get(house, "checkpoint")
        get(house, "tile/0/000")
    assert len(entries(house.installation, Event.LOG_READ)) == before
    house.clock.ahead = ACCOUNTED + timedelta(seconds=1)
    get(house, "checkpoint")
    [*_, last] = entries(house.installation, Event.LOG_READ)
    assert len(entries(house.installation, Event.LOG_READ)) == before + 1
    assert payload_of(house.installation, last)["actor"]["name"] == town.PRIVACY_OFFICER.name
    house.clock.ahead = timedelta(0)


def test_so_is_one_who_reads_with_many_hands(house: House) -> None:
    house.installation.settle()
    house.clock.ahead = timedelta(days=1)
    before = len(entries(house.installation, Event.LOG_READ))
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda _: get(house, "checkpoint").status_code, range(16)))
    assert answers == [200] * 16
    assert len(entries(house.installation, Event.LOG_READ)) == before + 1
    house.clock.ahead = timedelta(0)


def test_an_empty_log_has_no_checkpoint(small_house: House) -> None:
    problem(get(small_house, "checkpoint"), 404, "not-found")
    problem(get(small_house, "cosigned-checkpoint"), 404, "not-found")


def test_a_witness_watches_and_is_shown(witnessed: House, tmp_path: Path) -> None:
    witnessed.installation.settle()
    problem(get(witnessed, "cosigned-checkpoint"), 404, "not-found")
    one = create(tmp_path / "witness", NAME)
    # Another key of that name is nobody.
    with pytest.raises(Unreadable, match="422"):
        look(one, web(witnessed), log_key(witnessed), submit_to(web(witnessed)), now=1_800_000_000)
    ours = type(one)(tmp_path / "ours", NAME, WITNESS)
    ours.folder.mkdir()
    seen = look(ours, web(witnessed), log_key(witnessed), submit_to(web(witnessed)), now=1_800_000_000)
    for path in ("checkpoint", "cosigned-checkpoint", tiles.cosigned_path(KEY.id)):
        signed = open_checkpoint(get(witnessed, path).content, log_key(witnessed), [KEY])
        assert signed.cosigned_at == {KEY: 1_800_000_000}
    assert signed.checkpoint == seen.checkpoint
    # The log grows; what was cosigned is still shown, and verified for whoever asks for the witness.
    witnessed.grant()
    witnessed.installation.settle()
    newest = open_checkpoint(get(witnessed, "checkpoint").content, log_key(witnessed), [KEY])
    assert (newest.cosigned_at, newest.checkpoint.size > signed.checkpoint.size) == ({}, True)
    report = verify(web(witnessed), log_key(witnessed), [KEY], since=signed)
    assert (report.outcome, report.seen[KEY].checkpoint) == (Outcome.PROVEN, signed.checkpoint)
    problem(get(witnessed, "cosigned/00000000"), 404, "not-found")
    problem(get(witnessed, tiles.cosigned_path(KEY.id), town.SUPERVISOR), 403, "denied")


def test_cosigned_again_the_later_one_is_kept(witnessed: House) -> None:
    witnessed.installation.settle()
    note = get(witnessed, "checkpoint").content
    for at in (1_800_000_000, 1_900_000_000):
        line = notes.cosign(notes.split(note)[0], NAME, WITNESS, at=at)
        assert post(witnessed, notes.append(note, line)).status_code == 204
    shown = open_checkpoint(get(witnessed, "checkpoint").content, log_key(witnessed), [KEY])
    assert shown.cosigned_at == {KEY: 1_900_000_000}


def test_an_older_cosignature_that_is_played_again_does_not_replace_a_later_one(witnessed: House) -> None:
    witnessed.installation.settle()
    note = get(witnessed, "checkpoint").content
    text = notes.split(note)[0]
    early, late = (notes.cosign(text, NAME, WITNESS, at=at) for at in (1_800_000_000, 1_900_000_000))
    for lines in ([late], [early], [late, early]):
        assert post(witnessed, notes.join(text, lines)).status_code == 204
        shown = open_checkpoint(get(witnessed, "checkpoint").content, log_key(witnessed), [KEY])
        assert shown.cosigned_at == {KEY: 1_900_000_000}


def test_what_is_no_cosignature_of_ours_is_refused(witnessed: House) -> None:
    witnessed.installation.settle()
    note = get(witnessed, "checkpoint").content
    text = notes.split(note)[0]
    other = Ed25519PrivateKey.generate()
    forged, (origin, size, _, *_) = text.replace("\n", "\n1", 1), text.split("\n")
    other_root = f"{origin}\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
    wrong = [
        b"",
        b"\xff",
        note.split(b"\n\n")[0],
        notes.join(text, [notes.cosign(text, NAME, other, at=1)]),
        notes.join(text, [notes.cosign(text, "another", WITNESS, at=1)]),
        notes.join(text, [notes.cosign(forged, NAME, WITNESS, at=1)]),
        notes.join(forged, [notes.cosign(forged, NAME, WITNESS, at=1)]),
        notes.join(other_root, [notes.cosign(other_root, NAME, WITNESS, at=1)]),
    ]
    for body in wrong:
        problem(post(witnessed, body), 422, "cosignature-refused")


def test_who_lost_the_role_reads_no_more(small_house: House) -> None:
    small_house.installation.settle()
    assert get(small_house, "checkpoint").status_code == 200
    with small_house.installation.vault.database.transaction() as session:
        session.execute(
            delete(Assignment).where(
                Assignment.person_id == small_house.installation.town.people[town.PRIVACY_OFFICER.subject]
            )
        )
    problem(get(small_house, "checkpoint"), 403, "denied")
