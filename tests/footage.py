"""Footage for tests: made once a run with ffmpeg, small, and different each time it is asked for."""

import secrets
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.servers import program

PICTURE = "testsrc2=size=160x120:rate=10"


@cache
def made(*output: str, name: str = "film.mp4", seconds: float = 2, sound: bool = True) -> bytes:
    """Moving test picture, with a tone, as ffmpeg writes it to `name` with the options `output`."""
    inputs = ["-f", "lavfi", "-i", f"{PICTURE}:duration={seconds}"]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=duration={seconds}"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return _run([*inputs, *codecs, *output], name)


@cache
def tone() -> bytes:
    """Sound without a picture."""
    return _run(["-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"], "tone.m4a")


@cache
def tone_with_cover() -> bytes:
    """Sound with a picture on its cover, which is no moving picture."""
    inputs = ["-f", "lavfi", "-i", "sine=duration=2", "-f", "lavfi", "-i", f"{PICTURE}:duration=0.1"]
    cover = ["-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic", "-c:a", "mp3"]
    return _run([*inputs, *cover], "tone.mp3")


def film(length: int = 0) -> bytes:
    """An MP4 whose index stands after its pictures, as cameras write it; no two are the same.

    Where it is shorter than `length`, a box of random bytes that players skip makes up for it.
    """
    return padded(made(), length)


def index_first(length: int = 0) -> bytes:
    """As `film`, with the index before the pictures."""
    return padded(made("-movflags", "+faststart"), length)


def padded(mp4: bytes, length: int) -> bytes:
    """`mp4` with a free box of random bytes (ISO/IEC 14496-12, 8.1.2) at its end."""
    body = secrets.token_bytes(max(16, length - len(mp4) - 8))
    return mp4 + (len(body) + 8).to_bytes(4, "big") + b"free" + body


def _run(arguments: list[str], name: str) -> bytes:
    ffmpeg = program("ffmpeg", "ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / name
        subprocess.run([ffmpeg, "-v", "error", "-nostdin", *arguments, str(target)], check=True)
        return target.read_bytes()
