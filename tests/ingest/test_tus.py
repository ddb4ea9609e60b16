"""tus 1.0.0 at the real door, header by header: https://tus.io/protocols/resumable-upload, version 1.0.0."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from ingest import tus
from ingest.door import Door
from tests.docking import (
    BODY,
    PART,
    PATIENCE,
    Dock,
    as_kept,
    checksum,
    encoded,
    opened,
    rows,
    said,
    stored,
)
from tests.footage import film
from tests.installation import Installation
from vault.sealing import DataKey
from vault.tables import Recording, State

DATA = hashlib.shake_256(b"bytes that are not footage").digest(3 * PART + 777)


def problem(answer: requests.Response) -> str:
    """The id of the problem an answer tells of, after checking its form (RFC 9457)."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    kind: str = body["type"]
    return kind.rpartition(":")[2]


# Core


@pytest.mark.parametrize("path", ["/uploads", "/uploads/0190a000-0000-7000-8000-000000000000"])
def test_options_tell_what_the_door_speaks_to_anyone(dock: Dock, path: str) -> None:
    answer = requests.options(dock.url + path, timeout=PATIENCE)
    assert answer.status_code == 204
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "checksum",
        "termination",
        "expiration",
    }
    assert int(answer.headers["Tus-Max-Size"]) == 1 << 40
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


def test_head_tells_length_and_offset_and_is_never_cached(any_dock: Dock) -> None:
    upload = any_dock.begin(len(DATA))
    any_dock.send(upload, DATA[:1000])
    answer = any_dock.head(upload)
    assert answer.status_code == 200
    assert answer.headers["Upload-Offset"] == "1000"
    assert answer.headers["Upload-Length"] == str(len(DATA))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_bytes_are_appended_and_the_new_offset_is_told(any_dock: Dock) -> None:
    upload = any_dock.begin(len(DATA))
    first = any_dock.send(upload, DATA[:PART])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(PART))
    second = any_dock.send(upload, DATA[PART : PART + 5], PART)
    assert second.headers["Upload-Offset"] == str(PART + 5)
    assert any_dock.offset(upload) == PART + 5


@pytest.mark.parametrize("wrong", [0, 999, 1001, len(DATA), 10**17])
def test_a_wrong_offset_conflicts_and_changes_nothing(dock: Dock, wrong: int) -> None:
    upload = dock.begin(len(DATA))
    dock.send(upload, DATA[:1000])
    answer = dock.send(upload, b"x", wrong)
    assert (answer.status_code, problem(answer)) == (409, "offset-conflict")
    assert answer.headers["Upload-Offset"] == "1000"
    assert dock.offset(upload) == 1000


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_of_tus_is_refused(dock: Dock, method: str, version: str | None) -> None:
    headers = dock.headers(Upload_Offset="0", Upload_Length="5", Upload_Metadata=said()) | BODY
    headers.pop("Tus-Resumable")
    if version is not None:
        headers["Tus-Resumable"] = version
    path = "/uploads" if method == "POST" else "/uploads/0190a000-0000-7000-8000-000000000000"
    answer = requests.request(method, dock.url + path, headers=headers, data=b"12345", timeout=PATIENCE)
    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("kind", [None, "text/plain", BODY["Content-Type"] + ";x"])
def test_another_kind_of_content_is_refused(dock: Dock, kind: str | None) -> None:
    upload = dock.begin(len(DATA))
    headers = dock.headers(Upload_Offset="0")
    if kind is not None:
        headers["Content-Type"] = kind
    answer = requests.patch(upload, data=b"x", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (415, "content-type")
    assert dock.offset(upload) == 0


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("name", ["0190a000-0000-7000-8000-000000000000", "x", "..%2f", "0"])
def test_what_does_not_exist_is_not_found(dock: Dock, method: str, name: str) -> None:
    url = f"{dock.url}/uploads/{name}{'/receipt' if method == 'GET' else ''}"
    headers = dock.headers(Upload_Offset="0") | BODY
    answer = requests.request(method, url, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 404
    if method != "HEAD":
        assert problem(answer) == "upload-not-found"


@pytest.mark.parametrize("path", ["/", "/files", "/docs", "/openapi.json", "/uploads/x/y", "/metrics"])
def test_there_is_no_other_door(dock: Dock, path: str) -> None:
    answer = requests.get(dock.url + path, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (404, "upload-not-found")


@pytest.mark.parametrize("method", ["PATCH", "patch"])
def test_a_client_that_can_only_post_says_what_it_means(dock: Dock, method: str) -> None:
    upload = dock.begin(len(DATA))
    headers = dock.headers(X_HTTP_Method_Override=method, Upload_Offset="0") | BODY
    answer = requests.post(upload, data=DATA[:9], headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "9")
    head = requests.post(upload, headers=dock.headers(X_HTTP_Method_Override="HEAD"), timeout=PATIENCE)
    assert (head.status_code, head.headers["Upload-Offset"]) == (200, "9")
    end = requests.post(upload, headers=dock.headers(X_HTTP_Method_Override="DELETE"), timeout=PATIENCE)
    assert end.status_code == 204
    gone = requests.post(upload, headers=dock.headers(X_HTTP_Method_Override="HEAD"), timeout=5)
    assert (gone.status_code, problem(gone)) == (410, "upload-gone")


def test_an_override_does_not_pass_the_token(dock: Dock) -> None:
    upload = dock.begin(len(DATA))
    headers = dock.headers(X_HTTP_Method_Override="DELETE", Authorization="Bearer x")
    assert requests.post(upload, headers=headers, timeout=PATIENCE).status_code == 401
    assert dock.offset(upload) == 0


# Creation


def test_creation_tells_where_and_until_when(dock: Dock) -> None:
    answer = dock.announce(len(DATA))
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(f"{dock.url}/uploads/")
    ends = parsedate_to_datetime(answer.headers["Upload-Expires"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < ends <= timedelta(days=7)


def test_a_body_with_the_creation_is_not_taken(dock: Dock) -> None:
    """creation-with-upload is not on offer, and a client that tries it begins at offset 0."""
    headers = dock.headers(Upload_Length="5", Upload_Metadata=said()) | BODY
    answer = requests.post(f"{dock.url}/uploads", data=b"12345", headers=headers, timeout=PATIENCE)
    assert answer.status_code == 201
    assert dock.offset(answer.headers["Location"]) == 0


@pytest.mark.parametrize("length", [None, "", "-1", "+5", "5.0", "0x5", "x", "1" * 19, "\xb2", "5 5"])
def test_a_malformed_length_is_refused(dock: Dock, length: str | None) -> None:
    headers: dict[str, str | bytes] = {**dock.headers(Upload_Metadata=said())}
    if length is not None:
        headers["Upload-Length"] = length.encode("latin-1")
    answer = requests.post(f"{dock.url}/uploads", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (400, "header-malformed")


@pytest.mark.parametrize(
    "metadata",
    [
        b"camera !!!!",
        b"camera Zm9",
        b"camera " + encoded(b"\xff\xfe").encode(),
        b"camera \xe9\xe9\xe9\xe9",
        b"camera Zm9v Zm9v",
    ],
    ids=["not base64", "cut base64", "not utf-8", "not ascii", "two values"],
)
def test_malformed_metadata_is_refused(dock: Dock, metadata: bytes) -> None:
    headers: dict[str, str | bytes] = {**dock.headers(Upload_Length="5"), "Upload-Metadata": metadata}
    answer = requests.post(f"{dock.url}/uploads", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (400, "header-malformed")


@pytest.mark.parametrize("offset", [None, "", "-1", "1e3", "0x0", "\u0661"])
def test_a_malformed_offset_is_refused(dock: Dock, offset: str | None) -> None:
    upload = dock.begin(len(DATA))
    headers: dict[str, str | bytes] = {**dock.headers(), **BODY}
    if offset is not None:
        headers["Upload-Offset"] = offset.encode()
    answer = requests.patch(upload, data=b"x", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (400, "header-malformed")
    assert dock.offset(upload) == 0


@pytest.mark.parametrize(
    ("language", "title", "told"),
    [
        (None, "Kop niet te lezen", "nl"),
        ("nl-NL,nl;q=0.9", "Kop niet te lezen", "nl"),
        ("en", "Header cannot be read", "en"),
        ("en-GB,en;q=0.9,nl;q=0.5", "Header cannot be read", "en"),
        ("fr", "Kop niet te lezen", "nl"),
    ],
)
def test_problems_are_told_in_dutch_and_in_english(
    dock: Dock, language: str | None, title: str, told: str
) -> None:
    headers = dock.headers(Upload_Length="x") | ({"Accept-Language": language} if language else {})
    answer = requests.post(f"{dock.url}/uploads", headers=headers, timeout=PATIENCE)
    assert (answer.json()["title"], answer.headers["Content-Language"]) == (title, told)


# More than announced


def test_more_than_announced_is_refused_by_its_length(any_dock: Dock) -> None:
    upload = any_dock.begin(1000)
    answer = any_dock.send(upload, DATA[:1001])
    assert (answer.status_code, problem(answer)) == (413, "more-than-announced")
    assert any_dock.offset(upload) == 0
    any_dock.send(upload, DATA[:400])
    assert any_dock.send(upload, DATA[400:1001], 400).status_code == 413
    assert any_dock.offset(upload) == 400


def test_more_than_announced_is_refused_when_no_length_is_told(
    standing: Installation, any_dock: Dock
) -> None:
    """In chunked transfer it shows only when it comes; what was acknowledged before it stays."""

    def pieces() -> Iterator[bytes]:
        yield DATA[400 : 2 * PART]
        yield DATA[2 * PART :]
        yield b"one too many"

    upload = any_dock.begin(len(DATA))
    any_dock.send(upload, DATA[:400])
    headers = any_dock.headers(Upload_Offset="400") | BODY
    answer = requests.patch(upload, data=pieces(), headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (413, "more-than-announced")
    offset = any_dock.offset(upload)
    assert 400 <= offset < len(DATA)
    assert rows(standing, upload).recording.state == State.ARRIVING
    any_dock.go_on(upload, DATA, offset)
    assert any_dock.receipt(upload)["reason"] == "not-footage"
    assert as_kept(standing, upload) == DATA


def test_nothing_can_be_added_to_what_is_complete(dock: Dock, small: Installation) -> None:
    upload = dock.upload(DATA)
    assert dock.send(upload, b"x", len(DATA)).status_code == 413
    assert problem(dock.send(upload, b"", len(DATA))) == "upload-complete"
    assert problem(dock.send(upload, DATA)) == "offset-conflict"
    dock.receipt(upload)
    assert dock.send(upload, b"x", len(DATA)).status_code == 413
    assert dock.offset(upload) == len(DATA)
    assert "Upload-Expires" not in dock.head(upload).headers
    assert as_kept(small, upload) == DATA


# Checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_good_checksum_is_taken(dock: Dock, small: Installation, algorithm: str) -> None:
    content = film(2 * PART)
    upload = dock.begin(len(content))
    middle = PART + 10
    first, rest = content[:middle], content[middle:]
    assert dock.send(upload, first, Upload_Checksum=checksum(first, algorithm)).status_code == 204
    assert dock.send(upload, rest, middle, Upload_Checksum=checksum(rest, algorithm)).status_code == 204
    assert dock.receipt(upload)["wipe"] is True
    assert as_kept(small, upload) == content


def test_of_a_bad_checksum_nothing_is_kept_and_the_upload_goes_on(
    standing: Installation, any_dock: Dock
) -> None:
    content = film(4 * PART)
    upload = any_dock.begin(len(content))
    any_dock.go_on(upload, content[: PART + 5], 0)
    before = stored(standing, upload)
    broken = bytes([content[PART + 5] ^ 1]) + content[PART + 6 :]
    answer = any_dock.send(upload, broken, PART + 5, Upload_Checksum=checksum(content[PART + 5 :]))
    assert (answer.status_code, problem(answer)) == (460, "checksum-mismatch")
    assert any_dock.offset(upload) == PART + 5
    assert stored(standing, upload) == before
    rest = content[PART + 5 :]
    answer = any_dock.send(upload, rest, PART + 5, Upload_Checksum=checksum(rest))
    assert answer.status_code == 204
    found = any_dock.receipt(upload)
    # The hash of the whole, kept while it came, must have forgotten the broken bytes too.
    assert (found["wipe"], found["claims"]["sha256"]) == (True, hashlib.sha256(content).hexdigest())
    assert as_kept(standing, upload) == content


@pytest.mark.parametrize(
    "header",
    ["", "crc32 AAAA", "SHA256 AAAA", "sha512 AAAA", "sha1 !!", "sha1 \u00e9", "sha256  AAAA"],
)
def test_an_unknown_or_malformed_checksum_is_refused(dock: Dock, header: str) -> None:
    upload = dock.begin(len(DATA))
    headers: dict[str, str | bytes] = {**dock.headers(Upload_Offset="0"), **BODY}
    headers["Upload-Checksum"] = header.encode()
    answer = requests.patch(upload, data=b"x", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, problem(answer)) == (400, "header-malformed")
    assert dock.offset(upload) == 0


# Termination


def test_a_dock_withdraws_what_is_not_complete(standing: Installation, any_dock: Dock) -> None:
    upload = any_dock.begin(len(DATA))
    any_dock.send(upload, DATA[: 2 * PART + 1])
    assert len(stored(standing, upload)) == 3
    assert any_dock.withdraw(upload).status_code == 204
    assert stored(standing, upload) == []
    for answer in (any_dock.head(upload), any_dock.send(upload, b"x", 2 * PART + 1)):
        assert answer.status_code == 410
    assert any_dock.withdraw(upload).status_code == 410
    assert any_dock.ask_receipt(upload).status_code == 410
    left = rows(standing, upload)
    assert (left.recording.state, left.sealed_key, left.arrival.sealed) == (State.ABANDONED, None, None)
    assert left.objects == []


def test_a_dock_cannot_withdraw_what_is_complete(standing: Installation, any_dock: Dock) -> None:
    content = film()
    upload = any_dock.upload(content)
    answer = any_dock.withdraw(upload)
    assert (answer.status_code, problem(answer)) == (409, "upload-complete")
    assert any_dock.receipt(upload)["wipe"] is True
    answer = any_dock.withdraw(upload)
    assert (answer.status_code, problem(answer)) == (409, "upload-complete")
    assert as_kept(standing, upload) == content


# Expiration


def test_an_upload_expires_by_the_doors_clock(own: Installation) -> None:
    moment = datetime.now(UTC)
    with opened(own, clock=lambda: moment) as dock:
        upload = dock.begin(len(DATA))
        dock.send(upload, DATA[:10])
        told = parsedate_to_datetime(dock.head(upload).headers["Upload-Expires"])
        assert timedelta(0) <= moment + timedelta(days=7) - told < timedelta(seconds=1)
        began = moment
        moment = told - timedelta(seconds=1)
        later_dock = replace(dock, ahead=int((moment - began).total_seconds()))
        # Asking moves nothing; a byte does.
        assert parsedate_to_datetime(later_dock.head(upload).headers["Upload-Expires"]) == told
        assert later_dock.send(upload, DATA[10:20], 10).status_code == 204
        later = parsedate_to_datetime(later_dock.head(upload).headers["Upload-Expires"])
        assert later >= told + timedelta(days=6)
        moment = later + timedelta(seconds=1)
        later_dock = replace(dock, ahead=int((moment - began).total_seconds()))
        assert later_dock.head(upload).status_code == 410
        assert later_dock.send(upload, b"x", 20).status_code == 410


def test_an_upload_that_ends_while_it_is_looked_up_conflicts(
    any_dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn between the look at it and the unwrapping of its key, by another request of the same dock."""
    upload = any_dock.begin(len(DATA))
    unwrap = tus._arriving_key

    def late(door: Door, recording: Recording) -> DataKey:
        assert any_dock.withdraw(upload).status_code == 204
        return unwrap(door, recording)

    monkeypatch.setattr(tus, "_arriving_key", late)
    answer = any_dock.send(upload, DATA)
    assert (answer.status_code, problem(answer)) == (409, "offset-conflict")
    assert any_dock.head(upload).status_code == 410
