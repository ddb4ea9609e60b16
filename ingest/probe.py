"""Is it footage? Asks ffprobe, about bytes that only exist sealed, in a process that can do little harm.

A camera's file is untrusted input to a large C program. So ffprobe runs in a process of its own with limits
on time, memory and output, may read only through one loopback URL (ingest/loopback.py), and knows only the
containers that cameras write: no playlists, which could name other files.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from ingest.loopback import serve
from vault.footage import Footage
from vault.settings import PREFIX

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of ffprobe's answer that are read; a longer answer is no answer."""


class ProbeAway(Exception):
    """ffprobe could not be run to its end. Says nothing about the footage, which stays as it is."""


@dataclass(frozen=True)
class NotFootage:
    """The examination found something wrong: `reason` is why it goes to quarantine."""

    reason: str


@dataclass(frozen=True)
class Media:
    """What the footage is, as ffprobe sees it."""

    container: str
    video_codec: str
    audio_codec: str | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The form in which it is stored with the recording."""
        return {
            "container": self.container,
            "videoCodec": self.video_codec,
            "audioCodec": self.audio_codec,
            "seconds": self.seconds,
        }


def probe(footage: Footage, *, seconds: int, memory_bytes: int, longest_seconds: float) -> Media | NotFootage:
    """Look at `footage`, spending at most `seconds` of wall clock and `memory_bytes` of address space.

    Raises ProbeAway when ffprobe is missing or was ended by somebody else, and what reading the footage
    raised.
    """
    with serve(footage) as url:
        answer = _ask(url, seconds, memory_bytes)
    match answer:
        case {"away": str(message)}:
            raise ProbeAway(message)
        case {"wrong": str(reason)}:
            return NotFootage(reason)
        case {"media": {"container": container, "video": video, "audio": audio, "seconds": lasts}}:
            if not 0 < lasts <= longest_seconds:
                return NotFootage("absurd-duration")
            if answer.get("truncated"):
                return NotFootage("truncated")
            return Media(container, video, audio, lasts)
    return NotFootage("not-footage")


def _ask(url: str, seconds: int, memory_bytes: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "ingest.probing", url, str(seconds), str(memory_bytes)]
    # A group of its own, so that the child and its ffprobe can be ended together.
    with subprocess.Popen(  # noqa: S603  # our own interpreter, arguments made here
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_without_settings(),
        start_new_session=True,
    ) as child:
        late = threading.Event()

        def end_late() -> None:
            late.set()
            _end_group(child.pid)

        alarm = threading.Timer(seconds, end_late)
        alarm.start()
        try:
            # Never more than the limit, whatever comes: the rest dies in the pipe.
            output = child.stdout.read(OUTPUT_LIMIT + 1) if child.stdout else b""
            too_much = len(output) > OUTPUT_LIMIT
            if too_much:
                _end_group(child.pid)
            child.wait()
        finally:
            alarm.cancel()
            _end_group(child.pid)
    if late.is_set():
        return {"wrong": "examination-too-long"}
    if too_much or child.returncode > 0:
        return {"wrong": "not-footage"}
    if child.returncode < 0:
        # Somebody stops this service, or the machine ran out of memory: no fault of the footage.
        return {"away": f"the examination was ended by signal {-child.returncode}"}
    answer = json.loads(output)
    return answer if isinstance(answer, dict) else {"wrong": "not-footage"}


def _without_settings() -> dict[str, str]:
    """Our environment without our settings: passwords of database and store are nothing to ffprobe."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
