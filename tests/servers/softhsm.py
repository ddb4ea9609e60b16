"""SoftHSM2 for a test run: PKCS#11 tokens in a directory of their own, gone with the run.

Its settings are a file that the environment names, read when a process loads the module: so there is one
directory for the run, and each test has a token of its own in it.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import leave_out, lodging, program

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
_CONF = "SOFTHSM2_CONF"


@dataclass(frozen=True)
class Token:
    """A token: what a process must know to use it. Ingest does not get the PIN."""

    module: Path
    label: str
    pin: str
    officer_pin: str


@dataclass(frozen=True)
class SoftHsm:
    """The tokens of this run."""

    module: Path
    home: Path

    def fresh(self) -> Token:
        """A new, empty token."""
        token = Token(self.module, f"t{secrets.token_hex(8)}", secrets.token_hex(4), secrets.token_hex(4))
        self.run(
            "--init-token",
            "--free",
            "--label",
            token.label,
            "--pin",
            token.pin,
            "--so-pin",
            token.officer_pin,
        )
        return token

    def run(self, *arguments: str) -> str:
        """What softhsm2-util says. Raises CalledProcessError."""
        done = subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    def folder(self, token: Token) -> Path:
        """Where the token's objects are."""
        said = self.run("--show-slots")
        serials = [
            line.split()[-1] for line in said.splitlines() if "Serial number:" in line and line.split()[-1:]
        ]
        labels = [line.split()[-1] for line in said.splitlines() if "Label:" in line]
        serial = dict(zip(labels, serials, strict=False))[token.label]
        (found,) = (path for path in self.tokens.iterdir() if path.name.replace("-", "").endswith(serial))
        return found

    @property
    def tokens(self) -> Path:
        """Where the tokens are."""
        return self.home / "tokens"


@contextmanager
def softhsm() -> Iterator[SoftHsm]:
    """Tokens for a while; this process and what it starts find them."""
    program("softhsm2-util", "softhsm2")
    module = next((path for path in MODULES if path.exists()), None)
    if module is None:
        leave_out("libsofthsm2.so is missing (apt-get install softhsm2)")
    with lodging("softhsm") as home:
        home.chmod(0o700)
        (home / "tokens").mkdir(mode=0o700)
        settings = home / "softhsm2.conf"
        settings.write_text(
            f"directories.tokendir = {home / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
            "slots.removable = false\n"
        )
        before = os.environ.get(_CONF)
        os.environ[_CONF] = str(settings)
        try:
            yield SoftHsm(module, home)
        finally:
            if before is None:
                del os.environ[_CONF]
            else:
                os.environ[_CONF] = before


def elsewhere(script: str) -> str:
    """What a process of its own prints that runs `script`: a login counts for the whole of a process."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy(hsm: SoftHsm, token: Token, to: Path) -> None:
    """What an operator of SoftHSM has for a backup: a copy of the token's directory."""
    shutil.copytree(hsm.folder(token), to)
