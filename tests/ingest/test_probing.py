"""The process ffprobe runs in: the limits it puts on itself, and how it judges what ffprobe says."""

import json
import resource
import subprocess
import sys
from typing import Any

import ffmpeg
import pytest

from ingest import probing
from ingest.probing import CONTAINERS, _limit, _promised_end, main
from tests.footage import film, made
from tests.stores import sealed

MIB = 1024 * 1024
VIDEO = {"codec_type": "video", "codec_name": "h264"}
SOUND = {"codec_type": "audio", "codec_name": "aac"}


def judged(monkeypatch: pytest.MonkeyPatch, *answers: dict[str, Any] | bytes) -> dict[str, Any]:
    """What `main` makes of these answers of ffprobe, one after the other; bytes are its last words."""
    left = list(answers)

    def ffprobe(*_: object, **__: object) -> dict[str, Any]:
        answer = left.pop(0)
        if isinstance(answer, bytes):
            raise ffmpeg.Error("ffprobe", b"", answer)
        return answer

    monkeypatch.setattr(probing, "_limit", lambda *_: None)
    monkeypatch.setattr(probing, "_ffprobe", ffprobe)
    return main("http://127.0.0.1:9/x", 10, 256 * MIB)


def whole(duration: str | None = "10.0", streams: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    form = {"format_name": "mov", **({"duration": duration} if duration else {})}
    return {"format": form, "streams": [VIDEO, SOUND] if streams is None else streams}


FRAME = {"frames": [{"media_type": "video"}]}


def packets(*ends: float) -> dict[str, Any]:
    return {"packets": [{"pts_time": str(end - 0.04), "duration_time": "0.04"} for end in ends]}


def test_footage(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, whole(), FRAME, packets(9.9, 10.0))
    assert found["media"] == {"container": "mov", "video": "h264", "audio": "aac", "seconds": 10.0}
    assert found["truncated"] is False


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"[mov] moov atom not found\nInvalid data found", "truncated"),
        (b"Invalid data found when processing input", "not-footage"),
        (b"[hls] Format not on whitelist 'mov'", "not-footage"),
        (whole(streams=[]), "not-footage"),
        (whole(streams=[{"codec_type": "data"}]), "not-footage"),
        (whole(streams=[SOUND]), "no-video"),
        (whole(streams=[{**VIDEO, "disposition": {"attached_pic": 1}}, SOUND]), "no-video"),
    ],
)
def test_what_is_wrong_at_first_sight(monkeypatch: pytest.MonkeyPatch, said: Any, reason: str) -> None:
    assert judged(monkeypatch, said) == {"wrong": reason}


@pytest.mark.parametrize("said", [b"error", {}, {"frames": []}])
def test_a_picture_must_decode(monkeypatch: pytest.MonkeyPatch, said: Any) -> None:
    assert judged(monkeypatch, whole(), said) == {"wrong": "not-decodable"}


@pytest.mark.parametrize(
    ("tail", "truncated"),
    [
        (packets(9.0, 9.96), False),
        (packets(9.5), False),
        (packets(9.4), True),
        (packets(3.0, 5.0), True),
        (packets(), True),
        ({}, True),
        (b"could not seek", True),
        ({"packets": [{"dts_time": "9.9"}]}, False),
        ({"packets": [{}]}, True),
    ],
)
def test_the_end_must_be_there(monkeypatch: pytest.MonkeyPatch, tail: Any, truncated: bool) -> None:
    assert judged(monkeypatch, whole(), FRAME, tail)["truncated"] is truncated


@pytest.mark.parametrize(
    ("container", "video", "end"),
    [
        ({"duration": "10"}, {}, 10),
        ({"duration": "10"}, {"duration": "9.2"}, 9.2),
        ({"duration": "10"}, {"duration": "9.2", "start_time": "0.5"}, 9.7),
        ({"duration": "10", "start_time": "1.4"}, {}, 11.4),
        ({"duration": "10", "start_time": "-0.04"}, {"start_time": "3"}, 9.96),
        ({}, {}, 0),
    ],
)
def test_the_promised_end_is_that_of_the_pictures(
    container: dict[str, Any], video: dict[str, Any], end: float
) -> None:
    assert _promised_end(container, video) == pytest.approx(end)


def test_without_ffprobe_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "away" in main("http://127.0.0.1:9/x", 10, 256 * MIB)


def test_no_container_that_names_other_files_is_known() -> None:
    known = set(CONTAINERS.split(","))
    assert not known & {"hls", "concat", "concatf", "dash", "imf", "sdp", "rtsp", "image2", "lavfi", "tee"}


def test_the_limits_are_in_force() -> None:
    script = (
        "import json, resource; from ingest.probing import _limit; _limit(7, 512 * 1024 * 1024);"
        "print(json.dumps([resource.getrlimit(what) for what in (resource.RLIMIT_CPU, resource.RLIMIT_AS,"
        " resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == [[7, 7], [512 * MIB, 512 * MIB], [0, 0], [0, 0], [64, 64]]


def test_only_the_address_space_may_be_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = resource.RLIMIT_AS

    def setrlimit(what: int, _: tuple[int, int]) -> None:
        if what == refused:
            raise ValueError("not on this system")

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    _limit(1, MIB)
    refused = resource.RLIMIT_CPU
    with pytest.raises(ValueError, match="not on this system"):
        _limit(1, MIB)


def test_it_holds_no_settings_and_no_keys() -> None:
    """What it imports is what it could do: nothing of the vault, no database, no network client."""
    script = "import sys, ingest.probing; print([name for name in sys.modules if name.split('.')[0] in " + (
        "('vault', 'sqlalchemy', 'minio', 'cryptography', 'jose', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_real_footage_over_a_real_loopback() -> None:
    from ingest.loopback import serve

    with serve(sealed(film())) as url:
        command = [sys.executable, "-m", "ingest.probing", url, "30", str(1536 * MIB)]
        done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout)["media"]["video"] == "h264"
    with serve(sealed(made(name="film.ts"))) as url:
        command[3] = url
        done = subprocess.run(command, capture_output=True, check=True)
    answer = json.loads(done.stdout)
    assert (answer["media"]["container"], answer["truncated"]) == ("mpegts", False)
