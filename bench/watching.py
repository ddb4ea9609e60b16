"""Figures of watching: one recording under one grant, all of it and in ranges at random places."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import bodies, clients, peers
from bench.clients import RANGE, AnswerWrong, Seeker
from bench.figures import GIB, MIB, Figure, at_least, at_most, interleaved
from bench.stand import stand

LENGTH = 2 * GIB
SEEKS = 400
"""Ranges in one round."""

Server = tuple[str, dict[str, str]]
"""Where the recording can be had, and the headers to ask for it with."""


def stream(home: Path) -> Iterator[Figure]:
    """`watch_stream`: all of it, from begin to end."""
    seconds = _streamed(home, rounds=5)
    yield from _rates("watch_stream", seconds)
    yield Figure("watch_stream_to_nginx", seconds["nginx"] / seconds["ours"], "x", at_least(0.7))
    yield Figure("watch_stream_to_rclone", seconds["rclone"] / seconds["ours"], "x", at_least(1.5))


def stream_on_disk(home: Path) -> Iterator[Figure]:
    """The same from a real disk, where the page cache may still hold it."""
    seconds = _streamed(home, rounds=3)
    yield from _rates("watch_stream_disk", seconds)


def seek(home: Path) -> Iterator[Figure]:
    """`watch_seek`: 64 KiB at random places, each decided on and accounted for before it is shown."""
    milliseconds = _sought(home, rounds=5)
    yield from _latencies("watch_seek", milliseconds)
    yield Figure("watch_seek_to_nginx", milliseconds["ours"] / milliseconds["nginx"], "x", at_most(8))
    yield Figure("watch_seek_to_rclone", milliseconds["ours"] / milliseconds["rclone"], "x", at_most(1))


def seek_on_disk(home: Path) -> Iterator[Figure]:
    """The same where every audit entry is fsync'd to a real disk."""
    yield from _latencies("watch_seek_disk", _sought(home, rounds=3))


@contextmanager
def _servers(home: Path) -> Iterator[dict[str, Server]]:
    """The same recording at each of the three, after a look that it is the same."""
    body = bodies.video(home / "recording.mp4", LENGTH)
    with ExitStack() as running:
        ours = running.enter_context(stand(home))
        nginx = running.enter_context(peers.nginx(home / "nginx", home))
        rclone = running.enter_context(peers.rclone(home / "rclone", body))
        servers: dict[str, Server] = {
            "ours": (ours.keep(body), ours.watching()),
            "nginx": (f"{nginx}/{body.name}", {}),
            "rclone": (rclone, {}),
        }
        _require_same(body, servers)
        yield servers


def _require_same(body: Path, servers: dict[str, Server]) -> None:
    middle = LENGTH // 2 + 12345
    with body.open("rb") as file:
        file.seek(middle)
        right = file.read(RANGE)
    for name, (url, headers) in servers.items():
        seeker = Seeker(url, headers, LENGTH)
        if seeker.read(middle) != right:
            raise AnswerWrong(f"{name} serves something else")
        seeker.close()


def _streamed(home: Path, rounds: int) -> dict[str, float]:
    def fetching(server: Server) -> Callable[[], float]:
        return lambda: clients.download(*server)

    with _servers(home) as servers:
        return interleaved(rounds, {name: fetching(server) for name, server in servers.items()})


def _sought(home: Path, rounds: int) -> dict[str, float]:
    def seeking(server: Server) -> Callable[[], float]:
        seeker = Seeker(*server, LENGTH)
        return lambda: seeker.latency(SEEKS)

    with _servers(home) as servers:
        return interleaved(rounds, {name: seeking(server) for name, server in servers.items()})


def _rates(name: str, seconds: dict[str, float]) -> Iterator[Figure]:
    for who, took in seconds.items():
        yield Figure(f"{name}_{who}", LENGTH / MIB / took, "MiB/s")


def _latencies(name: str, milliseconds: dict[str, float]) -> Iterator[Figure]:
    for who, took in milliseconds.items():
        yield Figure(f"{name}_{who}", took, "ms")
