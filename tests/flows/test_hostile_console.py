"""What a hostile reader of the command line tried: each of these once went wrong."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.embedded import Embedded, HomeRefused, free_ports
from tests.watching import eventually

# The command line


def test_a_home_that_others_can_open_is_refused(tmp_path: Path) -> None:
    for mode in (0o750, 0o705, 0o701):
        home = tmp_path / f"{mode:o}"
        home.mkdir()
        home.chmod(mode)
        with pytest.raises(HomeRefused, match="chmod 700"):
            Embedded(home, "http://localhost:9", "x", free_ports()).prepare(["noordwijk"])
        assert list(home.iterdir()) == []


def listens(port: int) -> bool:
    with socket.socket() as probe_socket:
        return probe_socket.connect_ex(("127.0.0.1", port)) == 0


def children_of(pid: int) -> list[int]:
    """Processes that this one started, and has not seen end."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


@contextmanager
def console(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command with a careless umask; whatever it started is ended with the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BODYCAM_")}
    started = subprocess.Popen(
        [sys.executable, "-m", "console", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        umask=0o022,
    )
    known: set[int] = set()
    try:
        yield started
        known.update(children_of(started.pid))
    finally:
        known.update(children_of(started.pid))
        started.kill()
        started.wait()
        if started.stdout:
            started.stdout.close()
        for pid in known:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_up_leaves_nothing_running_and_nothing_open(tmp_path: Path, number: int) -> None:
    ports = free_ports()
    port = ports["vault"]
    home = tmp_path / "home"
    options = ["--home", home, "--port", port, "--issuer", "http://localhost:9", "--audience", "x"]
    with console("up", *options, "--municipality", "noordwijk") as up:
        assert up.stdout
        if number == signal.SIGTERM:
            assert f"vault http://127.0.0.1:{port}" in up.stdout.readline()
            made = [path for path in home.rglob("*") if not path.is_symlink()]
            assert {"vault.log", "ingest.log", "keeper.log", "vault.db"} <= {path.name for path in made}
            assert [path for path in made if path.stat().st_mode & 0o077] == []
        else:
            # While they start.
            eventually(lambda: len(children_of(up.pid)) == 3, 30)
        children = children_of(up.pid)
        assert len(children) == 3
        up.send_signal(number)
        up.wait(30)
        # Ended, and taken from the list of processes by whoever inherited them.
        eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
        assert not any(listens(each) for each in (port, port + 1, port + 2))


def test_the_demonstration_leaves_nothing_running() -> None:
    with console("demo", "--once") as demo:
        assert demo.stdout
        said = next(line for line in demo.stdout if line.startswith("Running: vault"))
        ports = [int(part.rstrip(",\n").rpartition(":")[2]) for part in said.split() if "http" in part]
        assert len(ports) == 3
        assert all(listens(port) for port in ports)
        children = children_of(demo.pid)
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        demo.wait(30)
        assert demo.returncode != 0
        # Ended, and taken from the list of processes by whoever inherited them.
        eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
        assert not any(listens(port) for port in ports)
