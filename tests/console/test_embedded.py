"""The embedded default: made once, the three processes up and down together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from console.embedded import PROCESSES, Embedded, NotReady, free_ports
from tests.watching import eventually
from vault.db import Database
from vault.keys import KeyRing
from vault.log import reading


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    made = Embedded(tmp_path / "home", "http://localhost:9", "bodycam-vault", free_ports())
    made.prepare(["noordwijk"])
    yield made
    made.stop()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def signed(made: Embedded) -> bool:
    """Whether the keeper signed the log over what was entered when the processes started."""
    database = Database(f"sqlite:///{made.home / 'vault.db'}")
    with database.reading() as session:
        found = reading.checkpoint(session)
    database.close()
    return found is not None


def test_preparing_again_changes_nothing(embedded: Embedded) -> None:
    before = embedded.ring()
    first = before.footage.intake_keys("noordwijk")
    embedded.prepare(["noordwijk"])
    after = embedded.ring()
    assert after.epoch == before.epoch
    assert after.footage.intake_keys("noordwijk") == first
    assert embedded.home.stat().st_mode & 0o077 == 0


def test_the_keeper_alone_sees_ingests_ring(embedded: Embedded) -> None:
    assert embedded.settings("keeper").ingest_keys == embedded.home / "keys" / "ingest"
    assert embedded.settings("vault").ingest_keys is embedded.settings("ingest").ingest_keys is None


def test_a_municipality_can_be_added_later(embedded: Embedded) -> None:
    embedded.prepare(["noordwijk", "den-helder"])
    assert embedded.ring().footage.municipalities() == {"noordwijk", "den-helder"}
    ingest = KeyRing.load(embedded.home / "keys" / "ingest")
    assert ingest.footage.municipalities() == {"noordwijk", "den-helder"}


def test_the_log_keeps_the_name_it_was_given(tmp_path: Path) -> None:
    made = Embedded(tmp_path / "home", "http://localhost:9", "bodycam-vault", free_ports())
    made.prepare(["noordwijk"], origin="bodycams.noordwijk.example/log")
    made.prepare(["noordwijk"], origin="another.example/log")
    assert made.ring().origin == "bodycams.noordwijk.example/log"


def test_each_process_has_its_own_ring(embedded: Embedded) -> None:
    assert embedded.settings("vault").keys == embedded.settings("keeper").keys
    assert embedded.settings("ingest").keys != embedded.settings("vault").keys


def test_the_keeper_sends_where_the_environment_says(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODYCAM_ADL_URL", "http://127.0.0.1:9/v1/logs")
    monkeypatch.setenv("BODYCAM_COLLECTOR_CERTIFICATE", "/papers.pem")
    monkeypatch.setenv("BODYCAM_PART_BYTES", "65536")
    told = embedded._environment("keeper")
    assert told["BODYCAM_ADL_URL"] == "http://127.0.0.1:9/v1/logs"
    assert told["BODYCAM_COLLECTOR_CERTIFICATE"] == "/papers.pem"
    assert "BODYCAM_PART_BYTES" not in told
    assert "BODYCAM_ADL_URL" not in {**embedded._environment("vault"), **embedded._environment("ingest")}


def test_the_three_start_and_stop(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    # What belongs to another installation is not handed down.
    monkeypatch.setenv("BODYCAM_PART_BYTES", "1")
    embedded.start()
    pids = [embedded.process_id(process) for process in PROCESSES]
    eventually(lambda: signed(embedded))
    for process in PROCESSES:
        assert requests.get(f"{embedded.url(process)}/health/ready", timeout=10).ok
    os.kill(pids[2], signal.SIGKILL)
    assert embedded.wait() == "keeper"
    embedded.stop()
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{embedded.url('vault')}/health/alive", timeout=5)


def test_one_that_does_not_start_stops_all(embedded: Embedded) -> None:
    (embedded.home / "keys" / "ingest" / "ring" / "role").chmod(0o644)
    with pytest.raises(NotReady, match=r"ingest.*ingest\.log"):
        embedded.start()
    assert "role" in embedded.log_of("ingest").read_text()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{embedded.url('vault')}/health/alive", timeout=5)


def test_up_takes_its_processes_down_with_it(tmp_path: Path) -> None:
    """Also when a service manager asks, by SIGTERM."""
    port = free_ports()["vault"]
    home = tmp_path / "home"
    up = subprocess.Popen(
        [
            *(sys.executable, "-m", "console", "up", "--home", str(home), "--port", str(port)),
            *("--issuer", "http://localhost:9", "--audience", "x", "--municipality", "noordwijk"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout
    try:
        assert f"vault http://127.0.0.1:{port}" in up.stdout.readline()
        up.send_signal(signal.SIGTERM)
        up.wait(30)
        eventually(lambda: not listens(port))
    finally:
        up.kill()
        up.wait()
        up.stdout.close()
        stop_left(home)


def listens(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/alive", timeout=5).ok
    except requests.ConnectionError:
        return False


def stop_left(home: Path) -> None:
    """Processes that outlived the one that started them: a test that fails must not leave them."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            left = f"BODYCAM_KEYS={home}".encode() in environ.read_bytes()
        except OSError:
            continue
        if left:
            os.kill(int(environ.parent.name), signal.SIGKILL)
            time.sleep(0.1)
