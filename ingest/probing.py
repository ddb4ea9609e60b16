"""The process in which ffprobe runs: puts limits on itself, asks, prints one small JSON answer.

``python -m ingest.probing URL SECONDS MEMORY_BYTES``. Started by ingest/probe.py only. It holds no key, no
database and no settings; what it inherits is its limits.
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
    lasts = float(found["format"].get("duration") or video.get("duration") or 0)
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
        "truncated": not _ends(url, seconds, lasts),
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
        timeout=seconds,
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


def _ends(url: str, seconds: int, lasts: float) -> bool:
    """Whether a packet can be read near the end that the container promises."""
    start = max(0.0, lasts - TAIL_SECONDS)
    try:
        tail = _ffprobe(
            url,
            seconds,
            select_streams="v:0",
            read_intervals=f"{start}%",
            show_packets=None,
            show_entries="packet=pts_time,dts_time",
        )
    except ffmpeg.Error:
        return False
    times = [float(p.get("pts_time") or p.get("dts_time") or 0) for p in tail.get("packets", [])]
    return bool(times) and max(times) >= start - TAIL_SECONDS


if __name__ == "__main__":
    os.umask(0o077)
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
