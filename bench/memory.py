"""Figures of memory: how much the ingest process needs when a whole shift docks at once."""

from collections.abc import Iterator
from pathlib import Path

from bench import bodies, clients
from bench.figures import GIB, MIB, Figure, at_most
from bench.stand import Stand, stand

AT_ONCE = 8
LONG = 2 * GIB
SHORT = 256 * MIB


def on_disk(home: Path) -> Iterator[Figure]:
    """`ingest_memory`: the peak with eight uploads of 2 GiB, and how much more that is than with eight short
    ones. On disk, because 16 GiB in memory would leave none to measure; a slow store is the harder case."""
    body = bodies.noise(home / "body", LONG)
    short = bodies.noise(home / "short", SHORT)
    with stand(home) as ours:
        few = _peak(ours, short)
        # A process only ever tells its highest peak, so the second figure needs another process.
        ours.embedded.stop()
        ours.embedded.start()
        many = _peak(ours, body)
    yield Figure("ingest_memory_short", few / MIB, "MiB")
    yield Figure("ingest_memory", many / MIB, "MiB", at_most(350))
    yield Figure("ingest_memory_growth", many / few, "x", at_most(1.1))


def _peak(ours: Stand, body: Path) -> int:
    uploads = [ours.announce(body.stat().st_size) for _ in range(AT_ONCE)]
    transfers = [clients.start_upload(upload, body, "PATCH", ours.sending()) for upload in uploads]
    for transfer in transfers:
        clients.seconds_of(transfer)
    peak = ours.ingest_peak_memory()
    for upload in uploads:
        ours.forget(upload)
    return peak
