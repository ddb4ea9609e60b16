"""Footage for the demonstration: made with ffmpeg, or files that someone brings."""

from pathlib import Path

import ffmpeg

SECONDS = 20


class NothingToShow(Exception):
    """There is no footage to dock: give a folder with files as FOOTAGE."""


def make(folder: Path) -> list[Path]:
    """Twenty seconds of moving test picture with a tone, as a camera writes it: H.264 and AAC in MP4."""
    made = folder / "VB-0042_20261104T201500.mp4"
    picture = ffmpeg.input(f"testsrc2=size=1280x720:rate=25:duration={SECONDS}", f="lavfi")
    sound = ffmpeg.input(f"sine=frequency=440:duration={SECONDS}", f="lavfi")
    making = (
        ffmpeg.output(
            picture, sound, str(made), vcodec="libx264", preset="ultrafast", pix_fmt="yuv420p", acodec="aac"
        )
        .global_args("-loglevel", "error", "-nostdin")
        .run_async()
    )
    try:
        if making.wait():
            raise NothingToShow("ffmpeg could not make footage")
    finally:
        # Interrupted: what we started ends with us.
        if making.poll() is None:
            making.kill()
            making.wait()
    return [made]


def brought(folder: Path) -> list[Path]:
    """Every file in `folder`, by name. Raises NothingToShow."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not files:
        raise NothingToShow(str(folder))
    return files
