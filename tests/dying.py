"""Processes that a test can kill, or that die by themselves at the step of the code it names.

Each is a real process: the command ``bodycam-vault`` with its own environment. It is forked from a
server that has imported the software already, since a dozen interpreters would take a minute to start.
"""

import ctypes
import multiprocessing
import os
import pkgutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.docking import Dock, dock_at, settings_at, wait_for
from tests.installation import Installation, free_port
from tests.running import environment_of

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["console.cli", "tests.dying"])
_PR_SET_PDEATHSIG = 1


@contextmanager
def door_process(
    installation: Installation, *, fault: str = "", ahead: int = 0, port: int = 0
) -> Iterator[tuple[BaseProcess, Dock]]:
    """A process of ingest and the town's dock before it; the process is killed when the block ends.

    `fault` is where it dies: ``before`` or ``after``, a dotted name, and at which call of it, the first
    unless told. Such a process examines nothing that others left. With `ahead`, its clock is so many
    seconds ahead of ours, so that every lease of the dead has run out, and it looks for what they left.
    """
    port = port or free_port()
    here = settings_at(installation, port)
    environment = environment_of(installation, "ingest") | {
        "BODYCAM_INGEST_URL": str(here.ingest_url),
        "BODYCAM_INGEST_LISTEN": here.ingest_listen,
    }
    log = installation.home / "ingest.log"
    process = _FORKS.Process(target=_run, args=(environment, log, fault, ahead), daemon=True)
    process.start()
    try:
        wait_for(lambda: _answers(process, port, log), f"no door:\n{log}")
        yield process, dock_at(installation, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.join()


def _answers(process: BaseProcess, port: int, log: Path) -> bool | None:
    assert process.is_alive(), log.read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0 or None


def process_of(environment: dict[str, str], command: str, log: Path) -> BaseProcess:
    """A process of ``bodycam-vault``, started, that a test may kill; it dies with us at the latest."""
    process = _FORKS.Process(target=_command, args=(environment, command, log), daemon=True)
    process.start()
    return process


def sweeping_process(installation: Installation, fault: str) -> BaseProcess:
    """A process that sweeps once what is due, as the keeper does, and dies at `fault`, as `door_process`."""
    environment = environment_of(installation, "keeper")
    log = installation.home / "sweep.log"
    process = _FORKS.Process(target=_sweep, args=(environment, log, fault), daemon=True)
    process.start()
    return process


def _sweep(environment: dict[str, str], log: Path, fault: str) -> None:
    _become(environment, log)
    from vault.disposal.sweeping import sweep
    from vault.settings import load
    from vault.signals.raising import KEEPER
    from vault.vault import open_vault

    _die(*fault.split())
    sweep(open_vault(load()), KEEPER, now=datetime.now(UTC))


def _command(environment: dict[str, str], command: str, log: Path) -> None:
    _become(environment, log)
    from console import cli

    sys.argv = ["bodycam-vault", command]
    cli.main()


def _become(environment: dict[str, str], log: Path) -> None:
    """Be as a process that was started with this environment, and write to `log`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(out, stream)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)


def _run(environment: dict[str, str], log: Path, fault: str, ahead: int) -> None:
    _become(environment, log)
    from console import cli
    from ingest import app

    app.TAKE_OVER_SECONDS = 3600.0 if fault else 0.1
    if fault:
        _die(*fault.split())
    if ahead:
        by = timedelta(seconds=ahead)
        vars(cli)["make_ingest"] = lambda intake: app.make_app(intake, lambda: app.now_utc() + by)
    sys.argv = ["bodycam-vault", "ingest"]
    cli.main()


def _die(when: str, where: str, call: str = "1") -> None:
    """Replace what `where` names by the same, with death before or after its call number `call`."""
    holder_name, _, name = where.rpartition(".")
    holder = pkgutil.resolve_name(holder_name)
    real: Callable[..., Any] = getattr(holder, name)
    calls = 0

    def dying(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        last = calls == int(call)
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(*given, **named)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    setattr(holder, name, dying)
