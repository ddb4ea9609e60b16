"""``python -m bench [name …]``: take the figures, print each as ``name value unit goal=… ok|short``.

Without names all of them, three quarters of an hour; a name stands for every figure that begins with it.
Ends with 1 when a goal is missed. What is made for it is removed, also after Ctrl-C.
"""

import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import (
    appending,
    arriving,
    checking,
    deciding,
    disposing,
    finding,
    foreseeing,
    memory,
    proving,
    trails,
    verifying,
    watching,
)
from bench.figures import GIB, Figure
from tests.servers import lodging

MEMORY = Path("/dev/shm")  # noqa: S108  # tmpfs; the folder below it is made by mkdtemp
DISK = Path("/var/tmp")  # noqa: S108  # unlike /tmp on a disk, by the file hierarchy standard


@dataclass(frozen=True)
class Group:
    """Figures that are taken together, in a folder in memory or on disk with room for `room` bytes."""

    names: tuple[str, ...]
    take: Callable[[Path], Iterator[Figure]]
    place: Path
    room: int


GROUPS = (
    Group(("ingest", "ingest_cpu"), arriving.in_memory, MEMORY, 7 * GIB),
    Group(("ingest_disk",), arriving.on_disk, DISK, 7 * GIB),
    Group(("watch_stream",), watching.stream, MEMORY, 7 * GIB),
    Group(("watch_stream_disk",), watching.stream_on_disk, DISK, 7 * GIB),
    Group(("watch_seek",), watching.seek, MEMORY, 7 * GIB),
    Group(("watch_seek_disk",), watching.seek_on_disk, DISK, 7 * GIB),
    Group(("ingest_memory",), memory.on_disk, DISK, 20 * GIB),
    Group(("decide",), deciding.in_a_transaction, MEMORY, GIB),
    Group(("decide_engine",), deciding.alone, MEMORY, GIB),
    Group(("find_1m",), finding.among_a_million, MEMORY, 3 * GIB),
    Group(("sweep",), disposing.among_a_million, MEMORY, 4 * GIB),
    Group(("dispose_rate",), disposing.on_disk, DISK, 2 * GIB),
    Group(("dispose_rate_memory", "dispose_rate_s3"), disposing.elsewhere, MEMORY, 2 * GIB),
    Group(("check",), checking.the_house, MEMORY, 2 * GIB),
    Group(("retention_1m",), foreseeing.among_a_million, MEMORY, 3 * GIB),
    Group(("audit_append",), appending.among_eight_writers, MEMORY, 2 * GIB),
    Group(("audit_proof",), proving.among_a_million, MEMORY, 2 * GIB),
    Group(("audit_verify",), verifying.a_million, MEMORY, 2 * GIB),
    Group(("audit_find_10m",), trails.among_ten_million, DISK, 30 * GIB),
)


def main(names: Sequence[str]) -> int:
    """Take the figures called `names`; returns the exit code."""
    known = {name for group in GROUPS for name in group.names}
    if unknown := set(names) - known:
        print(f"no figure is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        return 2
    wanted = set(names) or known
    short = False
    for group in GROUPS:
        if wanted.intersection(group.names):
            for figure in _take(group):
                print(figure, flush=True)
                short |= figure.short
    return 1 if short else 0


def _take(group: Group) -> Sequence[Figure]:
    free = shutil.disk_usage(group.place).free
    if free < group.room:
        raise SystemExit(f"{group.place} has {free // GIB} GiB free; this takes {group.room // GIB}")
    with lodging("bench", group.place) as home:
        return list(group.take(home))


def _terminated(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
