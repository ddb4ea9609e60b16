"""A private PostgreSQL for one test run, on a Unix socket, as an unprivileged user."""

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import leave_out, lodging, program, start, stop, wait_until

_NUMBERS = count(1)
INGEST_ROLE = "bodycam_ingest"
"""A user with no rights of its own, as an installation has for the docks' door."""


@dataclass(frozen=True)
class Postgres:
    """A running server; whoever may enter its socket directory is its superuser."""

    socket: Path
    crash: Callable[[], None]
    """End it at once, as an immediate shutdown does: nothing is finished. It recovers, and answers again."""

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket}"

    def fresh(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of `template` (to which nobody may be connected)."""
        name = f"test{next(_NUMBERS)}"
        with psycopg.connect(f"host={self.socket} user=postgres dbname=postgres", autocommit=True) as server:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name)


@contextmanager
def postgres(place: Path | None = None) -> Iterator[Postgres]:
    """Start a server, stop it at the end; its data lives in `place`, or else where `lodging` finds room.

    It does not wait for the disk: its data is worth nothing.
    """
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    initdb = program("initdb", "postgresql", folders)
    server = Path(initdb).resolve().parent / "postgres"
    identity = _identity()
    with lodging("postgres", place) as home:
        data, socket, log = home / "data", home / "socket", home / "log"
        for folder in (data, socket):
            folder.mkdir(mode=0o700)
            if identity:
                os.chown(folder, *identity)
        initialise = [initdb, "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8"]
        user, group = identity or (None, None)
        subprocess.run(
            [*initialise, "--locale=C.UTF-8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=home,
            user=user,
            group=group,
            extra_groups=() if identity else None,
        )

        def boot() -> subprocess.Popen[bytes]:
            return start(
                [str(server), "-D", str(data), *_settings(socket)],
                log,
                dying_wish="INT",
                options=[f"--reuid={user}", f"--regid={group}", "--clear-groups"] if identity else (),
            )

        running = boot()

        def crash() -> None:
            nonlocal running
            stop(running, signal.SIGQUIT)
            running = boot()
            wait_until(lambda: _answers(found), running, log)

        found = Postgres(socket, crash)
        try:
            wait_until(lambda: _answers(found), running, log)
            with psycopg.connect(f"host={socket} user=postgres dbname=postgres") as made:
                made.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(INGEST_ROLE)))
            yield found
        finally:
            stop(running, signal.SIGINT)


def _settings(socket: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket),
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "timezone": "Europe/Amsterdam",  # not UTC, so that a forgotten zone shows
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _identity() -> tuple[int, int] | None:
    """Whom to run as when we are root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    if entry := known.get("postgres") or known.get("nobody"):
        return entry.pw_uid, entry.pw_gid
    return leave_out("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _answers(server: Postgres) -> bool:
    try:
        psycopg.connect(f"host={server.socket} user=postgres dbname=postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
