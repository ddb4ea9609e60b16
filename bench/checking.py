"""The check of the whole house: recordings a second, each opened at three places, and every byte of them.

On PostgreSQL and a directory in memory, in one process, as the keeper does it. Without a goal: it tells how
long a night lasts.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.figures import MIB, Figure, interleaved
from tests.installation import build
from tests.servers.postgres import postgres
from tests.watching import PART, footage, keep
from vault.invariants import Depth, check_all
from vault.vault import Vault

RECORDINGS, PARTS = 500, 4
ROUNDS = 3


def the_house(home: Path) -> Iterator[Figure]:
    """`check`: recordings per second, and MiB per second when every byte is opened."""
    with postgres() as server:
        objects = {"objects_url": (home / "objects").as_uri()}
        made = build(home, server.fresh(), objects)
        plaintext = footage(PARTS * PART)
        for number in range(RECORDINGS):
            keep(made, number.to_bytes(4) + plaintext[4:])
        made.settle()
        depths = (Depth.EVERY, Depth.DEEP)
        took = interleaved(ROUNDS, {each.value: partial(_seconds, made.vault, each) for each in depths})
        made.vault.database.close()
        made.intake.database.close()
    yield Figure("check", RECORDINGS / took["every"], "recordings/s")
    yield Figure("check_deep", RECORDINGS * len(plaintext) / MIB / took["deep"], "MiB/s")


def _seconds(vault: Vault, depth: Depth) -> float:
    begun = time.perf_counter()
    findings = check_all(vault, now=datetime.now(UTC), depth=depth)
    if findings:
        raise RuntimeError(f"the house is not whole: {findings[:3]}")
    return time.perf_counter() - begun
