"""The embedded default: the three processes on one machine, on SQLite and a directory.

Everything stands in one folder, `home`: ``vault.db``, ``objects/``, and the two key rings ``keys/vault`` and
``keys/ingest``. Each process gets its settings by its environment, as it would in a container.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from vault.db import Database
from vault.keys import KeyRing, Role, add_municipality, create_rings
from vault.objects import open_store
from vault.schema import migrate
from vault.settings import PREFIX, Settings

READY_SECONDS = 60.0
STOP_SECONDS = 110.0
"""A little longer than the processes give themselves (Settings.stop_seconds)."""
PROCESSES = ("vault", "ingest", "keeper")


class HomeRefused(Exception):
    """The folder of an installation must be its owner's alone."""


class NotReady(Exception):
    """A process did not become ready; its log tells why."""


@dataclass
class Embedded:
    """One installation in one folder."""

    home: Path
    issuer: str
    audience: str
    ports: Mapping[str, int]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def prepare(self, municipalities: list[str], *, origin: str | None = None) -> None:
        """Make what is missing: folder, key rings, database schema, object store. Changes nothing else.

        `origin` is the name of the log, when the rings are made.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.home.stat().st_mode & 0o077:
            raise HomeRefused(f"{self.home} is open to others: chmod 700 it")
        if not (self.home / "keys").exists():
            (self.home / "keys").mkdir(mode=0o700)
            create_rings(*self._rings, municipalities, origin=origin)
        for municipality in set(municipalities) - self.ring().footage.municipalities():
            add_municipality(*self._rings, municipality)
        open_store(self._objects_url, create=True)
        database = Database(self._database_url)
        migrate(database)
        database.close()

    def settings(self, process: str) -> Settings:
        """The settings that `process` runs with, for verbs done beside it."""
        given = {
            name.removeprefix(PREFIX).lower(): value for name, value in self._environment(process).items()
        }
        return Settings(**given)  # type: ignore[arg-type]  # strings, as in an environment

    def ring(self) -> KeyRing:
        """The vault's key ring."""
        return KeyRing.load(self._rings[0], role=Role.VAULT)

    def url(self, process: str) -> str:
        """Where a process listens."""
        return f"http://127.0.0.1:{self.ports[process]}"

    def log_of(self, process: str) -> Path:
        """Where a process's log goes."""
        return self.home / f"{process}.log"

    def process_id(self, process: str) -> int:
        """The operating system's number of a running process."""
        return self._running[process].pid

    def start(self) -> None:
        """Start the three and wait until each is ready. Raises NotReady, with the log to read."""
        for process in PROCESSES:
            with self.log_of(process).open("ab") as log:
                self._running[process] = subprocess.Popen(  # noqa: S603  # our own interpreter
                    [sys.executable, "-m", "console", process],
                    env={**_inherited(), **self._environment(process)},
                    stdin=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,
                )
        try:
            for process in PROCESSES:
                self._await_ready(process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask each to finish what it does, and wait for it."""
        for child in self._running.values():
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running.values():
            try:
                child.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._running.clear()

    def wait(self) -> str:
        """Block until one of the three ends by itself; returns its name."""
        while True:
            for process, child in self._running.items():
                if child.poll() is not None:
                    return process
            time.sleep(0.5)

    def _await_ready(self, process: str) -> None:
        http = urllib3.PoolManager(retries=False, timeout=2)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._running[process].poll() is not None:
                break
            with suppress(urllib3.exceptions.HTTPError):
                if http.request("GET", f"{self.url(process)}/health/ready").status == 200:
                    return
            time.sleep(0.1)
        raise NotReady(f"{process} did not become ready; read {self.log_of(process)}")

    @property
    def _rings(self) -> tuple[Path, Path]:
        return self.home / "keys" / "vault", self.home / "keys" / "ingest"

    def _of_keeper(self) -> dict[str, str]:
        """It replaces intake keys by itself, for here one user has both rings anyhow."""
        return {"BODYCAM_INGEST_KEYS": str(self._rings[1]), **_of_collectors()}

    @property
    def _database_url(self) -> str:
        return f"sqlite:///{self.home / 'vault.db'}"

    @property
    def _objects_url(self) -> str:
        return (self.home / "objects").as_uri()

    def _environment(self, process: str) -> dict[str, str]:
        ring = "ingest" if process == "ingest" else "vault"
        return {
            "BODYCAM_DATABASE_URL": self._database_url,
            "BODYCAM_OBJECTS_URL": self._objects_url,
            "BODYCAM_KEYS": str(self.home / "keys" / ring),
            "BODYCAM_OIDC_ISSUER": self.issuer,
            "BODYCAM_OIDC_AUDIENCE": self.audience,
            "BODYCAM_INGEST_URL": self.url("ingest"),
            "BODYCAM_VAULT_LISTEN": f"127.0.0.1:{self.ports['vault']}",
            "BODYCAM_INGEST_LISTEN": f"127.0.0.1:{self.ports['ingest']}",
            "BODYCAM_KEEPER_LISTEN": f"127.0.0.1:{self.ports['keeper']}",
            **(self._of_keeper() if process == "keeper" else {}),
        }


def free_ports() -> dict[str, int]:
    """A free port for each process; taken all at once, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PROCESSES]
    ports = [open_socket.getsockname()[1] for open_socket in sockets]
    for open_socket in sockets:
        open_socket.close()
    return dict(zip(PROCESSES, ports, strict=True))


def _of_collectors() -> dict[str, str]:
    """Where records of decisions and processings go: what is said of that here is said for our keeper."""
    begins = tuple(PREFIX + name for name in ("ADL_", "LDV_", "COLLECTOR_"))
    return {name: value for name, value in os.environ.items() if name.startswith(begins)}


def _inherited() -> dict[str, str]:
    """Our environment without settings of another installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
