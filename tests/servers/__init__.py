"""Real servers for a test run: private, on this machine only, gone when the run is, however it ends.

`lodging` is the directory a server lives in. Whoever made it holds a lock on it, so the next run finds out
what a killed one left, and removes it. The servers themselves die with this process: the kernel ends them.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE = "BODYCAM_TEST_REQUIRE_SERVICES"
LEFT_OUT = "left out: "
"""How the reason of a skip begins that is due to this machine, and not to the test."""
_ROOM = 4 * 1024**3


def leave_out(reason: str) -> NoReturn:
    """Skip what needs something this machine lacks; fail where nothing may be missing."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{REQUIRE}=1, and {reason}", pytrace=False)
    pytest.skip(LEFT_OUT + reason)


def program(name: str, package: str, folders: Sequence[Path] = ()) -> str:
    """The path of a program, in `folders` or on the PATH; `leave_out` names the Debian package without it."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    return found or leave_out(f"{name} is missing (apt-get install {package})")


@contextmanager
def lodging(kind: str, place: Path | None = None) -> Iterator[Path]:
    """An empty directory that others may pass through but not look into: in `place`, or else in memory where
    there is room."""
    memory = Path("/dev/shm")  # noqa: S108  # tmpfs, and the directory below it is made by mkdtemp
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM and os.access(memory, os.W_OK)
    place = place or (memory if roomy else Path(tempfile.gettempdir()))
    prefix = f"bodycam-{kind}-{os.getuid()}-"
    for left in place.glob(f"{prefix}*"):
        _remove_if_left(left)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    lock = os.open(home / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.close(lock)


def _remove_if_left(home: Path) -> None:
    with suppress(OSError):
        lock = os.open(home / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home, ignore_errors=True)
        finally:
            os.close(lock)


def start(
    command: Sequence[str], log: Path, *, dying_wish: str = "KILL", options: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a server that the kernel ends with signal `dying_wish` when this process is gone.

    `options` are further ones of setpriv. Where there is no setpriv, nobody sees to a killed run's servers.
    """
    setpriv = shutil.which("setpriv")
    leash = [setpriv, "--pdeathsig", dying_wish, *options, "--"] if setpriv else []
    with log.open("ab") as out:
        return subprocess.Popen([*leash, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def stop(server: subprocess.Popen[bytes], signal: int, *, seconds: float = 10.0) -> None:
    """End a server, with force when it takes too long."""
    server.send_signal(signal)
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def wait_until(
    ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path, *, seconds: float = 60.0
) -> None:
    """Wait for `ready`. Raises RuntimeError with the end of `log` when the server died or time is up."""
    end = time.monotonic() + seconds
    while not ready():
        if server.poll() is not None or time.monotonic() > end:
            state = f"ended with {server.returncode}" if server.poll() is not None else "is not ready"
            said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"{server.args!r} {state}:\n{said}")
        time.sleep(0.05)


def free_port() -> int:
    """A port of the loopback address that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something accepts connections at this port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
