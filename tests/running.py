"""Processes of an installation as they really run: started from their environment, stopped by a signal."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.installation import Installation, free_port

START_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """One process that answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    metrics: str
    """Where its figures are scraped."""


def environment_of(made: Installation, process: str, **changed: str) -> dict[str, str]:
    """The environment of a process of `made`: ours without settings of other installations, and its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BODYCAM_")}
    return {**inherited, **made.environment(process), **changed}


@contextmanager
def running(made: Installation, process: str, *, first: str = "") -> Iterator[Running]:
    """A process of an installation, until the block ends; it runs the Python code `first` before all else."""
    port, metrics = free_port(), free_port()
    log = made.home / f"{process}.log"
    environment = environment_of(
        made,
        process,
        **{
            f"BODYCAM_{process.upper()}_LISTEN": f"127.0.0.1:{port}",
            "BODYCAM_METRICS_LISTEN": f"127.0.0.1:{metrics}",
        },
    )
    code = f"{first}\nfrom console.cli import main\nmain()"
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-c", code, process], env=environment, stdout=out, stderr=out
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_ready(child, url, log)
        yield Running(child, url, log, f"http://127.0.0.1:{metrics}/metrics")
    finally:
        child.kill()
        child.wait()


def _await_ready(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert child.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        with suppress(requests.ConnectionError):
            if requests.get(f"{url}/health/ready", timeout=10).ok:
                return
        time.sleep(0.05)
