"""Verifying: a whole log of a million entries, offline, by our verifier and by a program on Go's tlog.

Both are whole programs, started anew each time, over the same files: they read every bundle, derive the tree,
compare every tile and the root, and check the signature. Ours also reads each entry for its form and looks
for ids that return. It uses every processor; tlog adds one entry after the other. Beside it stands what ours
takes with one process.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, at_most, interleaved
from tests.logs import Log
from tests.outsiders.golang import build

ENTRIES = 1_000_000
ROUNDS = 5


def a_million(home: Path) -> Iterator[Figure]:
    """In time against Go's, on every processor and on one."""
    log, folder = Log(), home / "log"
    log.write(folder, ENTRIES)
    outsider, key = build(home).path, str(log.key)
    ours: list[str | Path] = [
        sys.executable,
        "-m",
        "auditor",
        "verify",
        folder,
        "--key",
        key,
        "--language",
        "en",
    ]
    taken = interleaved(
        ROUNDS,
        {
            "ours": lambda: _seconds(ours, f"PROVEN: {log.origin}\n{ENTRIES} entries"),
            "alone": lambda: _seconds(
                [*ours, "--processes", "1"], f"PROVEN: {log.origin}\n{ENTRIES} entries"
            ),
            "go": lambda: _seconds([outsider, "log", folder, key], f"verified {ENTRIES} "),
        },
    )
    yield Figure("audit_verify", ENTRIES / taken["ours"], "entries/s")
    yield Figure("audit_verify_to_go", taken["ours"] / taken["go"], "x", at_most(1.5))
    yield Figure("audit_verify_one_process_to_go", taken["alone"] / taken["go"], "x")


def _seconds(command: Sequence[str | Path], expected: str) -> float:
    begin = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    taken = time.perf_counter() - begin
    assert run.stdout.startswith(expected), run.stdout[:200]
    return taken
