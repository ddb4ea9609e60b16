"""The command line as a person uses it: arguments in, what it says and its exit code out."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from console import cli
from tests.vault.conftest import _completions_soon, _plain_logs, place, provider, small, small_house
from vault import logs

__all__ = ["_completions_soon", "_plain_logs", "place", "provider", "small", "small_house"]


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command with the settings given to it; a server it would run is not run, only told of."""

    def run(*arguments: object, settings: dict[str, str] | None = None) -> Said:
        for name in [name for name in os.environ if name.startswith("BODYCAM_")]:
            monkeypatch.delenv(name)
        for name, value in (settings or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["bodycam-vault", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    def serve(*_args: object, **_named: object) -> None:
        print("would serve")
        time.sleep(0.3)  # the keeper's first chores are done before it is asked to stop

    monkeypatch.setattr(cli, "serve", serve)
    monkeypatch.setattr(logs, "configure", lambda _process: None)
    return run
