"""The process in which ffprobe runs: puts limits on itself, asks, prints one small JSON answer.

``python -m ingest.probing URL SECONDS MEMORY_BYTES``. Started by ingest/probe.py only. It is given no key,
no database and no settings; what it inherits is its limits.
"""

import json
import os
import resource
import shutil
import sys
from typing import Any

import ffmpeg

# Containers that cameras write. No "hls", "concat" or "dash": those name other files to open.
CONTAINERS = "mov,matroska,webm,avi,mpegts,mpeg,mxf,asf,flv,ogg,amr,wav,mp3,aac"
TAIL_SECONDS = 2.0
MISSING_SECONDS = 0.5
"""So much may be missing at the end before a recording counts as truncated: what whole files lack is less."""


def main(url: str, seconds: int, memory_bytes: int) -> dict[str, Any]:
    """Ask ffprobe of the footage at `url` what it is, whether a picture decodes, whether its end is there."""
    if shutil.which("ffprobe") is None:
        return {"away": "ffprobe is not installed; install ffmpeg"}
    _limit(seconds, memory_bytes)
    try:
        found = _ffprobe(url, seconds)
    except ffmpeg.Error as error:
        # An MP4 whose index was to come at the end, and never came.
        missing_index = b"moov atom not found" in error.stderr
        return {"wrong": "truncated" if missing_index else "not-footage"}
    streams = found.get("streams", [])
    video = next((s for s in streams if _is_picture(s)), None)
    if video is None:
        audio_only = any(s.get("codec_type") == "audio" for s in streams)
        return {"wrong": "no-video" if audio_only else "not-footage"}
    lasts = _number(found["format"], "duration") or _number(video, "duration")
    if not _decodes(url, seconds):
        return {"wrong": "not-decodable"}
    audio = next((s.get("codec_name") for s in streams if s.get("codec_type") == "audio"), None)
    return {
        "media": {
            "container": found["format"]["format_name"],
            "video": video.get("codec_name", "unknown"),
            "audio": audio,
            "seconds": lasts,
        },
        "truncated": not _ends(url, seconds, _promised_end(found["format"], video)),
    }


def _limit(seconds: int, memory_bytes: int) -> None:
    for what, limit in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):
            # macOS cannot limit the address space; the other limits and the wall clock still hold.
            if what != resource.RLIMIT_AS:
                raise


def _ffprobe(url: str, seconds: int, **asked: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = ffmpeg.probe(
        url,
        # Of one read, in microseconds: a slow store is not a broken file.
        timeout=seconds * 1_000_000,
        v="error",
        threads="1",
        protocol_whitelist="http,tcp",
        format_whitelist=CONTAINERS,
        **asked,
    )
    return answer


def _is_picture(stream: dict[str, Any]) -> bool:
    # A cover image attached to a sound file is not a recording.
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")


def _decodes(url: str, seconds: int) -> bool:
    try:
        head = _ffprobe(
            url,
            seconds,
            select_streams="v:0",
            read_intervals="%+#8",
            show_frames=None,
            show_entries="frame=media_type",
        )
    except ffmpeg.Error:
        return False
    return bool(head.get("frames"))


def _promised_end(container: dict[str, Any], video: dict[str, Any]) -> float:
    """When the last picture is over, by what the container says: the sound may go on for longer."""
    told = video if _number(video, "duration") else container
    return _number(told, "start_time") + _number(told, "duration")


def _ends(url: str, seconds: int, end: float) -> bool:
    """Whether the packets go on until the `end` that the container promises."""
    try:
        tail = _ffprobe(
            url,
            seconds,
            select_streams="v:0",
            read_intervals=f"{max(0.0, end - TAIL_SECONDS)}%",
            show_packets=None,
            show_entries="packet=pts_time,dts_time,duration_time",
        )
    except ffmpeg.Error:
        return False
    ends = [
        (_number(packet, "pts_time") or _number(packet, "dts_time")) + _number(packet, "duration_time")
        for packet in tail.get("packets", [])
    ]
    return bool(ends) and max(ends) >= end - MISSING_SECONDS


def _number(told: dict[str, Any], name: str) -> float:
    return float(told.get(name) or 0)


if __name__ == "__main__":
    os.umask(0o077)
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
