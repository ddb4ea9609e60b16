"""Figures of arrival: one dock sends one recording, hashed, sealed and durable when it is answered."""

from collections.abc import Iterator
from pathlib import Path

from bench import bodies, clients, peers
from bench.figures import GIB, MIB, Figure, at_least, at_most, interleaved
from bench.stand import Stand, stand

LENGTH = 2 * GIB


def in_memory(home: Path) -> Iterator[Figure]:
    """`ingest` and `ingest_cpu`, on tmpfs."""
    body = bodies.noise(home / "body", LENGTH)
    with stand(home) as ours, peers.nginx(home / "nginx", home) as theirs:
        cpu: list[float] = []
        seconds = interleaved(
            5,
            {
                "ours": lambda: _send_counting(ours, body, cpu),
                "nginx": lambda: _put(theirs, home, body),
                "openssl": lambda: peers.openssl_seconds_per_gib(body),
                "ours_cpu": lambda: cpu[-1] * GIB / LENGTH,
            },
        )
    yield from _rates("ingest", seconds)
    yield Figure("ingest", seconds["nginx"] / seconds["ours"], "x", at_least(0.5))
    yield Figure("ingest_cpu_ours", seconds["ours_cpu"], "s/GiB")
    yield Figure("ingest_cpu_openssl", seconds["openssl"], "s/GiB")
    yield Figure("ingest_cpu", seconds["ours_cpu"] / seconds["openssl"], "x", at_most(2))


def on_disk(home: Path) -> Iterator[Figure]:
    """The same where every part, and nginx's file, is fsync'd to a real disk."""
    body = bodies.noise(home / "body", LENGTH)
    with stand(home) as ours, peers.nginx(home / "nginx", home) as theirs:
        seconds = interleaved(
            3,
            {
                "ours": lambda: ours.send(body),
                "nginx": lambda: _put(theirs, home, body, durably=True),
            },
        )
    yield from _rates("ingest_disk", seconds)
    yield Figure("ingest_disk", seconds["nginx"] / seconds["ours"], "x")


def _rates(name: str, seconds: dict[str, float]) -> Iterator[Figure]:
    for who in ("ours", "nginx"):
        yield Figure(f"{name}_{who}", LENGTH / MIB / seconds[who], "MiB/s")


def _send_counting(ours: Stand, body: Path, cpu: list[float]) -> float:
    """As `Stand.send`; adds the CPU seconds of the ingest process while it received."""
    upload = ours.announce(LENGTH)
    before = ours.ingest_cpu_seconds()
    seconds = clients.upload(upload, body, "PATCH", ours.sending())
    cpu.append(ours.ingest_cpu_seconds() - before)
    ours.forget(upload)
    return seconds


def _put(nginx: str, root: Path, body: Path, *, durably: bool = False) -> float:
    stored = root / "put"
    seconds = clients.upload(f"{nginx}/{stored.name}", body, "PUT", {})
    if durably:
        seconds = peers.put_durably(seconds, stored)
    stored.unlink()
    return seconds
