"""The ingest process put together: what it refuses to start without, its health, and a database away."""

import shutil
from pathlib import Path

import pytest
import requests
from sqlalchemy.exc import OperationalError

from ingest.app import open_intake
from tests.docking import BODY, PATIENCE, Dock, as_kept, opened, said
from tests.footage import film
from tests.installation import Installation
from vault.db import DatabaseAway
from vault.keys import RingRefused
from vault.settings import SettingsRefused


def test_it_starts_with_ingests_ring_only(small: Installation) -> None:
    assert open_intake(small.ingest_settings).ring.arrival is not None
    with pytest.raises(RingRefused):
        open_intake(small.settings)


def test_it_does_not_start_without_its_own_address(small: Installation) -> None:
    with pytest.raises(SettingsRefused, match="BODYCAM_INGEST_URL"):
        open_intake(small.ingest_settings.model_copy(update={"ingest_url": None}))


def test_it_is_alive_and_ready(any_dock: Dock) -> None:
    alive = requests.get(f"{any_dock.url}/health/alive", timeout=PATIENCE)
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    ready = requests.get(f"{any_dock.url}/health/ready", timeout=PATIENCE)
    checks = dict.fromkeys(("database", "store", "keys", "ffprobe"), True)
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": checks})


@pytest.mark.parametrize("broken", ["database", "store", "keys", "ffprobe"])
def test_it_is_not_ready_without(own: Installation, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    with opened(own) as dock:
        if broken == "database":
            (own.home / "vault.db").rename(own.home / "elsewhere.db")
            own.intake.database.close()
            (own.home / "vault.db").mkdir()
        elif broken == "store":
            (own.home / "objects").rename(own.home / "elsewhere")
        elif broken == "keys":
            (own.home / "keys-ingest" / "ring" / "role").chmod(0o666)
        else:
            monkeypatch.setenv("PATH", "/nowhere")
        answer = requests.get(f"{dock.url}/health/ready", timeout=PATIENCE)
        alive = requests.get(f"{dock.url}/health/alive", timeout=PATIENCE)
    assert answer.status_code == 503
    assert [name for name, well in answer.json()["checks"].items() if not well] == [broken]
    assert alive.status_code == 200


@pytest.mark.parametrize("error", [DatabaseAway(), OperationalError("SELECT", None, ConnectionError())])
def test_a_database_that_is_away_is_told_and_cost_nothing(
    standing: Installation, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    content = film()
    with opened(standing) as dock:
        upload = dock.begin(len(content))
        dock.send(upload, content[:1000])

        def away(*_: object) -> None:
            raise error

        for where in ("statements", "reading"):
            with monkeypatch.context() as patched:
                patched.setattr(f"vault.db.Database.{where}", away)
                answer = dock.send(upload, content[1000:], 1000)
                assert answer.status_code == 503
                assert answer.headers["Content-Type"] == "application/problem+json"
        assert dock.offset(upload) == 1000
        dock.go_on(upload, content, 1000)
        assert dock.receipt(upload)["wipe"] is True
    assert as_kept(standing, upload) == content


def test_the_receipt_keys_are_open_and_hold_no_secret(dock: Dock) -> None:
    answer = requests.get(f"{dock.url}/receipt-keys", timeout=PATIENCE)
    assert answer.status_code == 200
    assert all("d" not in key for key in answer.json()["keys"])


@pytest.mark.parametrize("override", ["GET", "OPTIONS", "PUT", "nonsense", ""])
def test_only_what_tus_names_can_be_meant_by_a_post(dock: Dock, override: str) -> None:
    headers = dock.headers(X_HTTP_Method_Override=override, Upload_Length="5", Upload_Metadata=said())
    assert requests.post(f"{dock.url}/uploads", headers=headers, timeout=PATIENCE).status_code == 201


def test_only_a_post_can_mean_something_else(dock: Dock) -> None:
    upload = dock.begin(5)
    headers = dock.headers(X_HTTP_Method_Override="DELETE", Upload_Offset="0") | BODY
    assert requests.patch(upload, data=b"1", headers=headers, timeout=PATIENCE).status_code == 204
    assert dock.offset(upload) == 1


def test_ffprobe_is_looked_for_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.app import _require_ffprobe

    there = shutil.which("ffprobe")
    assert there
    _require_ffprobe()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        _require_ffprobe()
    (tmp_path / "ffprobe").symlink_to(there)
    _require_ffprobe()
