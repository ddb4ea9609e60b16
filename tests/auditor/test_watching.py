"""The witness's commands: what they say, and what they end with."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor import cli
from auditor.checkpoints import open_checkpoint
from auditor.witness import load
from tests.logs import Log, entry


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "witness"
    made = run("key", "--name", "or.example", "--folder", folder)
    assert made.stdout.strip() == str(load(folder).key)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["witness", *map(str, arguments)])


def watch(log: Log, folder: Path, home: Path, *more: str) -> Result:
    return run("watch", folder, "--key", log.key, "--folder", home, "--once", *more)


def test_what_was_seen_is_shown(home: Path, tmp_path: Path) -> None:
    log = Log()
    log.write(tmp_path / "log", 300)
    assert run("show", "--key", log.key, "--folder", home).exit_code == 2
    assert watch(log, tmp_path / "log", home).exit_code == 0
    shown = run("show", "--key", log.key, "--folder", home)
    key = load(home).key
    assert shown.stderr.strip() == str(key)
    assert key in open_checkpoint(shown.stdout.encode(), log.key, [key]).cosigned_at


@pytest.mark.parametrize(
    ("language", "says"), [("nl", "SPREEKT ZICHZELF TEGEN"), ("en", "CONTRADICTS ITSELF")]
)
def test_a_fork_ends_with_three(home: Path, tmp_path: Path, language: str, says: str) -> None:
    log = Log()
    log.write(tmp_path / "log", 300)
    watch(log, tmp_path / "log", home)
    log.write(tmp_path / "log", 301, lambda index: entry(index + 1))
    ran = watch(log, tmp_path / "log", home, "--language", language)
    assert ran.exit_code == 3
    assert says in ran.stderr
    assert str(home / "forks") in ran.stderr


def test_a_log_that_cannot_be_read_ends_with_two(home: Path, tmp_path: Path) -> None:
    ran = watch(Log(), tmp_path / "nothing", home, "--language", "en")
    assert ran.exit_code == 2
    assert "not cosigned: " in ran.stderr


def test_it_goes_on_watching_until_it_is_told_to_stop(home: Path, tmp_path: Path) -> None:
    log = Log()
    log.write(tmp_path / "log", 3)
    arguments = [tmp_path / "log", "--key", log.key, "--folder", home, "--every", 1, "--language", "en"]
    command = [sys.executable, "-m", "auditor", "witness", "watch", *map(str, arguments)]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert watching.stdout
    with watching.stdout as said:
        assert "cosigned: 3 " in said.readline()
        log.write(tmp_path / "log", 5)
        end = time.monotonic() + 20
        while "cosigned: 5 " not in said.readline():
            assert time.monotonic() < end
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(20) == 0


def test_nobody_is_a_witness_without_a_key(tmp_path: Path) -> None:
    ran = watch(Log(), tmp_path, tmp_path / "nobody")
    assert "no witness in" in str(ran.exception)
