"""Store, database or disk away: the sweep waits and says so, and nothing is disposed of that is not."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from tests.disposing import disposal_of, kept, now, remains, swept, told
from tests.installation import Installation, at_scale
from tests.servers import LEFT_OUT
from tests.servers.postgres import Postgres, postgres
from tests.servers.radosgw import Gateway, radosgw
from tests.watching import row_of
from vault.audit import Event
from vault.db import DatabaseAway
from vault.disposal import beginning
from vault.disposal.sweeping import Swept
from vault.objects import ObjectStore, StoreFull, StoreUnavailable, open_store
from vault.tables import State

NOTHING = {"part": 0, "sealed_key": 0, "depiction": 0, "objects": 0}


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server that this file may crash."""
    with postgres() as server:
        yield server


def assert_waits(result: Swept) -> None:
    assert (result.begun, result.disposed) == (1, 0)
    assert isinstance(result.away, StoreUnavailable)


def test_the_store_is_away(installation: Installation) -> None:
    """The key goes on its day; the objects when the store is back."""
    recording, vault = kept(installation), installation.vault
    gone = open_store("s3+http://127.0.0.1:9/nobody", access_key="a", secret_key="b", patience=0.5)
    without = replace(installation, vault=replace(vault, store=gone))
    with capture_logs() as logs:
        assert_waits(swept(without))
    assert [each["event"] for each in logs] == ["disposal.store-away"]
    assert row_of(installation, recording).state == State.DISPOSING
    assert remains(installation, recording) == {"part": 4, "sealed_key": 0, "depiction": 0, "objects": 4}
    disposal = disposal_of(installation, recording)
    assert disposal
    assert (disposal.certificate, disposal.disposed_at) == (None, None)
    assert swept(without).begun == 0
    assert told(installation, recording, Event.RECORDING_DISPOSED) == 0
    assert swept(installation) == Swept(disposed=1)
    assert remains(installation, recording) == NOTHING


def test_a_real_store_is_stopped_in_the_middle(tmp_path: Path, postgres_url: str) -> None:
    with radosgw() as gateway:
        made = at_scale(tmp_path, postgres_url, gateway)
        recordings = [kept(made, seed) for seed in (1, 2)]
        store = made.vault.store
        real, count = store.discard, 0

        def discard(name: str) -> None:
            nonlocal count
            count += 1
            if count == 3:
                raise StoreUnavailable("the connection broke")
            real(name)

        store.discard = discard  # type: ignore[method-assign]
        first = swept(made)
        assert (first.begun, first.disposed, first.failed, first.away) == (2, 1, 1, None)
        store.discard = real  # type: ignore[method-assign]
    # The server is gone for good: what is left stays begun, and is told so.
    vault = replace(made.vault, store=_impatient(made, gateway))
    again = swept(replace(made, vault=vault))
    assert again.away
    states = sorted(row_of(made, each).state for each in recordings)
    assert states == [State.DISPOSED, State.DISPOSING]
    made.vault.database.close()
    made.intake.database.close()


def _impatient(made: Installation, gateway: Gateway) -> ObjectStore:
    return open_store(
        made.settings.objects_url,
        access_key=gateway.access_key,
        secret_key=gateway.secret_key,
        patience=1.0,
    )


def test_the_database_is_stopped(own_postgres: Postgres, tmp_path: Path, radosgw: Gateway) -> None:
    made = at_scale(tmp_path, own_postgres.fresh(), radosgw)
    recording = kept(made)
    # It dies when a batch has begun and nothing of it is committed.
    real = beginning.begin_all

    def begin_all(*given: Any, **named: Any) -> None:
        real(*given, **named)
        own_postgres.crash()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(beginning, "begin_all", begin_all)
        with pytest.raises(DatabaseAway):
            swept(made)
    assert row_of(made, recording).state == State.KEPT
    assert remains(made, recording)["sealed_key"] == 1
    assert swept(made) == Swept(begun=1, disposed=1)
    assert row_of(made, recording).state == State.DISPOSED
    assert remains(made, recording) == NOTHING
    assert told(made, recording, Event.RECORDING_DISPOSED) == 1
    made.settle()
    assert made.amiss() == []
    made.vault.database.close()
    made.intake.database.close()


def test_the_disk_of_the_objects_is_read_only(small: Installation) -> None:
    recording = kept(small)
    with _read_only_mount(small.home / "objects"):
        assert_waits(swept(small))
        assert remains(small, recording) == {"part": 4, "sealed_key": 0, "depiction": 0, "objects": 4}
    assert row_of(small, recording).state == State.DISPOSING
    assert swept(small) == Swept(disposed=1)


def test_the_disk_of_the_objects_is_full(small: Installation) -> None:
    """Disposing makes room: it must not wait for it."""
    recording = kept(small)
    with _full_mount(small.home / "objects"):
        with pytest.raises(StoreFull):
            small.vault.store.check()
        assert swept(small) == Swept(begun=1, disposed=1)
        assert remains(small, recording) == NOTHING


@contextmanager
def _full_mount(folder: Path) -> Iterator[None]:
    """A small disk with what is in `folder`, and no room for more; for that one must be root."""
    elsewhere = folder.with_name("aside")
    shutil.copytree(folder, elsewhere)
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip(f"{LEFT_OUT}mounting is not allowed")
    try:
        shutil.copytree(elsewhere, folder, dirs_exist_ok=True)
        with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder)
        shutil.copytree(elsewhere, folder)
        for each in [path for path in folder.iterdir() if path.name != ".arriving"]:
            shutil.rmtree(each)


@contextmanager
def _read_only_mount(folder: Path) -> Iterator[None]:
    """As a disk that the system mounted anew after an error; for that one must be root."""
    bound = subprocess.run(["mount", "--bind", folder, folder], check=False, capture_output=True)
    if bound.returncode:
        pytest.skip(f"{LEFT_OUT}mounting is not allowed")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_the_disk_is_not_mounted(small: Installation) -> None:
    recording = kept(small)
    mark = small.home / "objects" / ".arriving"
    mark.rename(small.home / "elsewhere")
    assert_waits(swept(small))
    assert told(small, recording, Event.RECORDING_DISPOSED) == 0
    (small.home / "elsewhere").rename(mark)
    assert swept(small, now=now()) == Swept(disposed=1)


def test_the_database_cannot_be_written(small: Installation) -> None:
    """A disk that became full or read-only: nothing begins, nothing is half done."""
    recording = kept(small)
    engine = small.vault.database.engine
    engine.dispose()
    event.listen(engine, "connect", _read_only)
    with capture_logs() as logs:
        assert swept(small) == Swept(failed=1)
    assert [each["event"] for each in logs] == ["disposal.failed"]
    event.remove(engine, "connect", _read_only)
    engine.dispose()
    assert row_of(small, recording).state == State.KEPT
    assert remains(small, recording)["sealed_key"] == 1
    assert told(small, recording, Event.RECORDING_DISPOSING) == 0
    assert swept(small).disposed == 1
    assert remains(small, recording) == NOTHING


def _read_only(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON").close()
