"""Full backups of an installation, and what is restored of them, beside the key rings of now."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import make_url, select

from tests.installation import Installation
from tests.servers import program
from tests.servers.postgres import Postgres
from vault.settings import Settings
from vault.tables import Arrival, SealedKey
from vault.vault import Vault, database_of, store_of


@dataclass(frozen=True)
class Backup:
    """A database's dump and every object there was."""

    dump: Path
    objects: dict[str, bytes]


def back_up(installation: Installation, folder: Path) -> Backup:
    """Dump the database with its own tool, and download each object."""
    folder.mkdir()
    dump = folder / "dump"
    url = make_url(installation.settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        assert url.database
        with closing(sqlite3.connect(url.database)) as live, closing(sqlite3.connect(dump)) as copy:
            live.backup(copy)
    else:
        _run("pg_dump", "--format=custom", f"--file={dump}", _libpq(url))
    store = installation.vault.store
    objects = {each.name: store.fetch(each.name, 0, each.size - 1) for each in store.list("")}
    return Backup(dump, objects)


@contextmanager
def restored(
    backup: Backup, installation: Installation, folder: Path, postgres: Postgres | None
) -> Iterator[Vault]:
    """A vault on what was restored, elsewhere, with the key ring as it is now."""
    folder.mkdir(mode=0o700)
    given: dict[str, Any] = {}
    if postgres is None:
        shutil.copy(backup.dump, folder / "vault.db")
        given["database_url"] = SecretStr(f"sqlite:///{folder / 'vault.db'}")
        given["objects_url"] = (folder / "objects").as_uri()
    else:
        url = postgres.fresh()
        _run(
            "pg_restore", "--no-owner", "--exit-on-error", "--dbname", _libpq(make_url(url)), str(backup.dump)
        )
        given["database_url"] = SecretStr(url)
        given["objects_url"] = f"{installation.settings.objects_url}-{folder.name}"
    settings: Settings = installation.settings.model_copy(update=given)
    store = store_of(settings, create=True)
    for name, body in backup.objects.items():
        store.put(name, body)
    database = database_of(settings)
    try:
        yield replace(installation.vault, database=database, store=store)
    finally:
        database.close()


def wrappings(vault: Vault) -> list[bytes]:
    """Every wrapped data key that a database has."""
    with vault.database.reading() as session:
        kept = session.scalars(select(SealedKey.sealed)).all()
        arriving = session.scalars(select(Arrival.sealed).where(Arrival.sealed.is_not(None))).all()
    return [*kept, *(each for each in arriving if each)]


def _libpq(url: Any) -> str:
    socket = url.query["host"]
    return f"postgresql://postgres@/{url.database}?host={socket}"


def _run(name: str, *arguments: str) -> None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    subprocess.run([program(name, "postgresql", folders), *arguments], check=True, timeout=120)
