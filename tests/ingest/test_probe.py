"""Looking at untrusted bytes: within limits of time, memory and output, and at nothing else."""

import http.server
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ingest import probe as probing_room
from ingest.probe import Media, NotFootage, ProbeAway, probe
from tests.footage import film, index_first, made, tone
from tests.stores import Memory, sealed
from vault.objects import StoreUnavailable

MEMORY = 1536 * 1024 * 1024
DAY = 86_400.0


def look(content: bytes, *, seconds: int = 30, memory: int = MEMORY, longest: float = DAY) -> object:
    return probe(sealed(content), seconds=seconds, memory_bytes=memory, longest_seconds=longest)


@contextmanager
def ffprobe_is(script: str, folder: Path) -> Iterator[None]:
    """Another program in the place of ffprobe."""
    fake = folder / "ffprobe"
    fake.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield


@pytest.mark.parametrize("make", [film, index_first], ids=["index at the end", "index first"])
def test_footage_is_told_by_its_container_codecs_and_length(make: object) -> None:
    assert callable(make)
    found = look(make(400_000))
    assert isinstance(found, Media)
    assert (found.video_codec, found.audio_codec) == ("h264", "aac")
    assert "mp4" in found.container
    assert 1.9 < found.seconds < 2.2


@pytest.mark.parametrize(
    ("longest", "reason"), [(1.0, "absurd-duration"), (1.9, "absurd-duration"), (2.5, None)]
)
def test_longer_than_any_shift_is_absurd(longest: float, reason: str | None) -> None:
    found = look(film(), longest=longest)
    assert (found.reason if isinstance(found, NotFootage) else None) == reason


@pytest.mark.parametrize("share", [0.3, 0.6, 0.75, 0.9])
@pytest.mark.parametrize("index", ["first", "last", "mkv"])
def test_an_end_that_is_missing_is_missed(index: str, share: float) -> None:
    content = {
        "first": lambda: made("-movflags", "+faststart", seconds=6),
        "last": lambda: made(seconds=6),
        "mkv": lambda: made(name="film.mkv", seconds=6),
    }[index]()
    assert look(content[: int(len(content) * share)]) == NotFootage("truncated")


def test_fragments_promise_no_end() -> None:
    """A camera that lost power between two fragments: what is there is whole."""
    content = made("-movflags", "+frag_keyframe+empty_moov", "-g", "10", seconds=4)
    assert content.count(b"moof") >= 4
    third = [found.start() for found in re.finditer(b"moof", content)][2]
    assert isinstance(look(content[: third - 4]), Media)


def test_a_picture_that_does_not_decode_is_no_footage() -> None:
    content = bytearray(made(seconds=1, sound=False))
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = bytes(end - start)
    assert look(bytes(content)) == NotFootage("not-decodable")


def test_no_ffprobe_is_not_the_footages_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProbeAway):
        look(film())


def test_what_the_store_raises_is_not_the_footages_fault() -> None:
    class Away(Memory):
        def fetch(self, name: str, first: int, last: int) -> bytes:
            if len(self.fetched) > 1:
                raise StoreUnavailable("test")
            return super().fetch(name, first, last)

    footage = sealed(film(300_000), Away())
    with pytest.raises(StoreUnavailable):
        probe(footage, seconds=30, memory_bytes=MEMORY, longest_seconds=DAY)


# Limits


def test_a_probe_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    with ffprobe_is("time.sleep(600)", tmp_path):
        assert look(film(), seconds=2) == NotFootage("examination-too-long")
    assert time.monotonic() - began < 15
    assert running(str(tmp_path)) == []


def running(name: str) -> list[str]:
    """Processes of this machine whose command line has `name` in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if name in line:
                found.append(line)
    return found


def test_a_probe_that_computes_for_ever_is_ended(tmp_path: Path) -> None:
    with ffprobe_is("while True: pass", tmp_path):
        assert look(film(), seconds=2) == NotFootage("examination-too-long")


def test_a_probe_that_eats_memory_gets_none(tmp_path: Path) -> None:
    with ffprobe_is("x = bytearray(400 * 1024 * 1024)\nprint('{}')", tmp_path):
        assert look(film(), memory=256 * 1024 * 1024) == NotFootage("not-footage")


def test_a_probe_that_never_stops_talking_is_not_listened_to(tmp_path: Path) -> None:
    with ffprobe_is("while True: os.write(1, b'x' * 65536)", tmp_path):
        found = look(film(), seconds=20, memory=256 * 1024 * 1024)
    assert isinstance(found, NotFootage)


def test_a_probe_can_write_no_file(tmp_path: Path) -> None:
    target = tmp_path / "written"
    with ffprobe_is(f"open({str(target)!r}, 'w').write('x' * 10)\nprint('{{}}')", tmp_path):
        assert isinstance(look(film()), NotFootage)
    assert not target.exists() or target.read_bytes() == b""


def test_a_probe_is_told_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever takes over ffprobe finds no password in its environment."""
    monkeypatch.setenv("BODYCAM_DATABASE_URL", "postgresql+psycopg://vault:geheim@db/vault")
    script = "sys.exit(0 if not any('geheim' in v for v in os.environ.values()) else time.sleep(600))"
    with ffprobe_is(script, tmp_path):
        assert look(film(), seconds=5) == NotFootage("not-footage")


def test_an_answer_that_is_too_long_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing_room, "OUTPUT_LIMIT", 20)
    assert look(film()) == NotFootage("not-footage")


# Nothing else is opened


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that must not be asked for anything, and what it was asked for."""
    asked: list[str] = []

    class Ears(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(made(name="film.ts"))

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ears)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def playlists(elsewhere: str) -> dict[str, str]:
    """Files that are nothing but the names of others."""
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{elsewhere}\n#EXT-X-ENDLIST\n",
        "hls master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{elsewhere}.m3u8\n",
        "concat": f"ffconcat version 1.0\nfile '{elsewhere}'\nduration 5\n",
        "dash": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
            f'<AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>{elsewhere}</BaseURL>'
            "</Representation></AdaptationSet></Period></MPD>"
        ),
        "asx": f'<asx version="3.0"><entry><ref href="{elsewhere}"/></entry></asx>',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "imf": f'<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">{elsewhere}',
    }


@pytest.mark.parametrize("kind", playlists(""))
@pytest.mark.parametrize("target", ["loopback", "file"])
def test_a_file_that_names_others_opens_none(
    listener: tuple[str, list[str]], tmp_path: Path, kind: str, target: str
) -> None:
    elsewhere, asked = listener
    secret = tmp_path / "secret.ts"
    secret.write_bytes(made(name="film.ts"))
    text = playlists(f"{elsewhere}/x.ts" if target == "loopback" else f"file://{secret}")[kind]
    assert look(text.encode()) == NotFootage("not-footage")
    assert asked == []


def test_a_film_whose_pictures_are_elsewhere_opens_nothing(listener: tuple[str, list[str]]) -> None:
    """A QuickTime data reference (ISO/IEC 14496-12, 8.7.2) may name a URL in place of the file itself."""
    elsewhere, asked = listener
    content = made(seconds=1, sound=False)
    at = content.index(b"dref")
    reference = content.index(b"url ", at)
    url = f"{elsewhere}/x.ts".encode() + b"\0"
    changed = bytearray(content)
    # Not self-contained: the flag goes, and the URL comes after it.
    changed[reference + 4 : reference + 8] = bytes(4)
    changed[reference + 8 : reference + 8] = url
    grown = [b"url ", b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"]
    for name in grown:
        place = changed.rindex(name, 0, reference + 4) - 4
        size = int.from_bytes(changed[place : place + 4], "big") + len(url)
        changed[place : place + 4] = size.to_bytes(4, "big")
    look(bytes(changed))
    assert asked == []


def test_the_listener_would_have_heard(listener: tuple[str, list[str]], tmp_path: Path) -> None:
    """What ffprobe does with the same playlist when nobody holds it back."""
    elsewhere, asked = listener
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(playlists(f"{elsewhere}/x.ts")["hls"])
    subprocess.run(
        ["ffprobe", "-v", "quiet", "-protocol_whitelist", "file,http,tcp", str(playlist)], check=False
    )
    assert asked


def test_sound_is_no_footage() -> None:
    assert look(tone()) == NotFootage("no-video")
