"""The official clients upload through the real door: tuspy and tus-js-client, defaults and odd chunks."""

import gc
import io
import json
import secrets
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.fingerprint.fingerprint import Fingerprint
from tusclient.storage.filestorage import FileStorage

from console.demo import town
from tests.docking import PART, Dock, as_kept, digest, opened
from tests.dying import door_process
from tests.footage import film, made
from tests.installation import Installation, free_port
from tests.servers import leave_out, program

TAIL = 12
"""Requests at the end of a recording that are as small as the test says."""
JS = Path(__file__).parents[1] / "js"


@pytest.fixture
def own_dock(own: Installation) -> Iterator[Dock]:
    """The town's dock before an open door, on SQLite and a directory."""
    with opened(own) as dock:
        yield dock


def metadata(content: bytes) -> dict[str, str]:
    return {
        "camera": town.CAMERA,
        "officer": town.OFFICER.subject,
        "startedAt": datetime.now(UTC).isoformat(),
        "sha256": digest(content),
        # What docks like to tell besides; nobody asked.
        "filename": "VB-0042_2026-11-04.mp4",
    }


def tiny() -> bytes:
    """Film small enough to be sent byte by byte, or nearly: a few hundred requests."""
    base = made("-crf", "51", seconds=0.2, sound=False)
    return base + (16).to_bytes(4, "big") + b"free" + secrets.token_bytes(8)


def kept(installation: Installation, dock: Dock, upload: str, content: bytes) -> None:
    found = dock.receipt(upload)
    assert (found["wipe"], found["claims"]["sha256"]) == (True, digest(content))
    assert as_kept(installation, upload) == content


def python_client(dock: Dock) -> TusClient:
    return TusClient(f"{dock.url}/uploads", headers={"Authorization": f"Bearer {dock.token()}"})


# tuspy


@contextmanager
def careless_of_files() -> Iterator[None]:
    """tuspy leaves files it opened to the garbage collector, which is told here not to mind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.parametrize(
    ("chunk", "checked"),
    [(None, False), (None, True), (1000, False), (64 * 1024 + 1, True), (3 * PART, False)],
)
def test_tuspy(standing: Installation, any_dock: Dock, chunk: int | None, checked: bool) -> None:
    content = tiny() if chunk == 1000 else film(3 * PART + 5)
    given: dict[str, Any] = {"chunk_size": chunk} if chunk else {}
    uploader = python_client(any_dock).uploader(
        file_stream=io.BytesIO(content), metadata=metadata(content), upload_checksum=checked, **given
    )
    uploader.upload()
    kept(standing, any_dock, str(uploader.url), content)


@pytest.mark.parametrize("chunk", [1, 7])
def test_tuspy_byte_by_byte(own: Installation, own_dock: Dock, chunk: int) -> None:
    """The tail of a film in the smallest of requests: every one is a part of its own."""
    content = tiny()
    begin = len(content) - TAIL * chunk
    upload = own_dock.begin(len(content))
    own_dock.go_on(upload, content[:begin], 0)
    uploader = python_client(own_dock).uploader(file_stream=io.BytesIO(content), url=upload, chunk_size=chunk)
    assert uploader.offset == begin
    uploader.upload()
    kept(own, own_dock, upload, content)


def test_tuspy_remembers_and_resumes(standing: Installation, any_dock: Dock, tmp_path: Path) -> None:
    content = film(6 * PART)
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    storage = FileStorage(str(tmp_path / "uploads.json"))

    def again() -> Any:
        return python_client(any_dock).uploader(
            str(footage),
            chunk_size=64 * 1024 + 1,
            metadata=metadata(content),
            store_url=True,
            url_storage=storage,
            fingerprinter=Fingerprint(),
        )

    with careless_of_files():
        first = again()
        first.upload(stop_at=2 * (64 * 1024 + 1))
        second = again()
        assert (second.url, second.offset) == (first.url, 2 * (64 * 1024 + 1))
        second.upload()
        upload = str(first.url)
        del first, second
    storage.close()
    kept(standing, any_dock, upload, content)


@pytest.mark.parametrize("token", ["", "x.y.z"])
def test_tuspy_understands_a_refusal(any_dock: Dock, token: str) -> None:
    client = TusClient(f"{any_dock.url}/uploads", headers={"Authorization": f"Bearer {token}"})
    uploader = client.uploader(file_stream=io.BytesIO(b"12345"), metadata=metadata(b"12345"))
    with pytest.raises(TusCommunicationError) as refused:
        uploader.upload()
    assert refused.value.status_code == 401


def test_tuspy_understands_that_its_offset_is_wrong(any_dock: Dock) -> None:
    content = film(3 * PART)
    uploader = python_client(any_dock).uploader(
        file_stream=io.BytesIO(content), metadata=metadata(content), chunk_size=PART // 2
    )
    uploader.upload_chunk()
    any_dock.go_on(str(uploader.url), content[:PART], PART // 2)
    with pytest.raises(TusUploadFailed) as refused:
        uploader.upload_chunk()
    assert refused.value.status_code == 409
    uploader.offset = uploader.get_offset()
    uploader.upload()
    any_dock.receipt(str(uploader.url))


def test_tuspy_survives_a_process_that_is_killed(standing: Installation) -> None:
    content = film(8 * PART)
    port = free_port()
    with door_process(standing, port=port, fault="before ingest.receiving.commit_parts 4") as (process, dock):
        client = python_client(dock)
        uploader = client.uploader(
            file_stream=io.BytesIO(content), metadata=metadata(content), chunk_size=PART, retries=0
        )
        with pytest.raises(TusCommunicationError):
            uploader.upload()
        process.join(30)
    with door_process(standing, port=port) as (_, dock):
        resumed = python_client(dock).uploader(
            file_stream=io.BytesIO(content), url=uploader.url, chunk_size=PART
        )
        assert resumed.offset == 3 * PART
        resumed.upload()
        kept(standing, dock, str(uploader.url), content)


# tus-js-client


@dataclass(frozen=True)
class Told:
    """What one run of tests/js/upload.mjs told."""

    lines: list[dict[str, Any]]
    ended: int

    def last(self, name: str) -> Any:
        return next(line[name] for line in reversed(self.lines) if name in line)


@contextmanager
def started(dock: Dock, footage: Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    node = program("node", "nodejs")
    if not (JS / "node_modules" / "tus-js-client").is_dir():
        leave_out("tus-js-client is missing (npm ci in tests/js)")
    told = {
        "file": str(footage),
        "endpoint": f"{dock.url}/uploads",
        "token": dock.token(),
        "metadata": metadata(footage.read_bytes()),
        **more,
    }
    with subprocess.Popen(
        [node, "upload.mjs"], cwd=JS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told))
        process.stdin.close()
        yield process
        process.kill()


def ran(dock: Dock, footage: Path, **more: Any) -> Told:
    with started(dock, footage, **more) as process:
        assert process.stdout is not None
        lines = [json.loads(line) for line in process.stdout]
        return Told(lines, process.wait(60))


@pytest.mark.parametrize("chunk", [None, 1000, 64 * 1024 + 1])
def test_tus_js(standing: Installation, any_dock: Dock, tmp_path: Path, chunk: int | None) -> None:
    content = tiny() if chunk == 1000 else film(3 * PART + 5)
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    told = ran(any_dock, footage, options={"chunkSize": chunk} if chunk else {})
    assert told.ended == 0, told.lines
    kept(standing, any_dock, told.last("done"), content)


@pytest.mark.parametrize("chunk", [1, 7])
def test_tus_js_byte_by_byte(own: Installation, own_dock: Dock, tmp_path: Path, chunk: int) -> None:
    content = tiny()
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    upload = own_dock.begin(len(content))
    own_dock.go_on(upload, content[: -TAIL * chunk], 0)
    told = ran(own_dock, footage, url=upload, options={"chunkSize": chunk})
    assert told.ended == 0, told.lines
    assert len([line for line in told.lines if "accepted" in line]) == TAIL
    kept(own, own_dock, upload, content)


def test_tus_js_stops_and_resumes(standing: Installation, any_dock: Dock, tmp_path: Path) -> None:
    content = film(8 * PART)
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    first = ran(any_dock, footage, stopAfter=2 * PART, options={"chunkSize": PART - 7})
    upload = first.last("url")
    assert 2 * PART <= any_dock.offset(upload) < len(content)
    second = ran(any_dock, footage, url=upload, options={"chunkSize": PART + 1})
    assert second.ended == 0, second.lines
    assert second.last("done") == upload
    kept(standing, any_dock, upload, content)


def test_tus_js_is_told_that_it_is_kept_already(
    standing: Installation, any_dock: Dock, tmp_path: Path
) -> None:
    content = film(2 * PART)
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    first = ran(any_dock, footage)
    kept(standing, any_dock, first.last("done"), content)
    second = ran(any_dock, footage)
    assert second.ended == 0, second.lines
    assert second.last("done") != first.last("done")
    assert any_dock.receipt(second.last("done")) == any_dock.receipt(first.last("done"))


def test_tus_js_is_refused_without_a_token(any_dock: Dock, tmp_path: Path) -> None:
    footage = tmp_path / "film.mp4"
    footage.write_bytes(film())
    told = ran(any_dock, footage, token="x.y.z", options={"retryDelays": None})
    assert told.ended == 1
    assert "response code: 401" in told.last("error")


def test_tus_js_goes_on_by_itself_when_the_process_is_killed(standing: Installation, tmp_path: Path) -> None:
    """With its own default patience: it finds the next process at the same address."""
    content = film(8 * PART)
    footage = tmp_path / "film.mp4"
    footage.write_bytes(content)
    port = free_port()
    dying = door_process(standing, port=port, fault="before ingest.receiving.commit_parts 4")
    with dying as (process, dock), started(dock, footage, options={"chunkSize": PART}) as client:
        process.join(30)
        with door_process(standing, port=port) as (_, dock):
            assert client.stdout is not None
            lines = [json.loads(line) for line in client.stdout]
            told = Told(lines, client.wait(60))
            assert told.ended == 0, told.lines
            assert any("retry" in line for line in told.lines)
            kept(standing, dock, told.last("done"), content)


def test_the_client_under_test_is_the_one_of_the_lock() -> None:
    if shutil.which("node") is None or not (JS / "node_modules").is_dir():
        leave_out("node or tests/js/node_modules is missing (npm ci in tests/js)")
    installed = json.loads((JS / "node_modules/tus-js-client/package.json").read_text())["version"]
    locked = json.loads((JS / "package-lock.json").read_text())["packages"]["node_modules/tus-js-client"]
    assert installed == locked["version"]
