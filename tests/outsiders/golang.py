"""Go's own transparency log (golang.org/x/mod/sumdb), as Debian packages it, built into one program."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers import leave_out, program

SOURCE = Path(__file__).with_name("verifylog.go")
GOPATH = Path("/usr/share/gocode")
PACKAGE = "golang-golang-x-mod-dev"


@dataclass(frozen=True)
class VerifyLog:
    """The program of verifylog.go."""

    path: Path

    def accepts(self, *arguments: object) -> bool:
        """Whether it says that what it is given is verified; False when it says what does not match."""
        run = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, check=False)
        verified = run.stdout.startswith("verified ")
        # Anything else, such as a panic, is no judgement on what it was given.
        assert (run.returncode, verified) in ((0, True), (1, False)), run.stderr
        return verified


def build(folder: Path) -> VerifyLog:
    """Compile it into `folder`; a few seconds."""
    go = program("go", "golang-go")
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        leave_out(f"golang.org/x/mod is missing (apt-get install {PACKAGE})")
    made = folder / "verifylog"
    settings = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    subprocess.run([go, "build", "-o", made, SOURCE], env=os.environ | settings, check=True)
    return VerifyLog(made)
