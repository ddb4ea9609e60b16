"""The stand: a whole installation at work, as an organisation would run it, for the figures to be taken on.

Real processes (``python -m console vault|ingest|keeper``), real tokens, one municipality. Only the folder is
chosen: in memory, so that the disk does not decide, or on disk.
"""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from bench import clients
from console.demo import town
from console.demo.dock import Dock
from console.demo.staff import CLIENT, Desk, provider, sign_in
from console.embedded import Embedded, free_ports
from vault.audit import Actor
from vault.registry import Registrar
from vault.vault import database_of

_OPERATOR = Actor("operator", "bench", "bench", ("functional-administrator",))
_TICK = os.sysconf("SC_CLK_TCK")


class NotKept(Exception):
    """The recording that was to be watched went to quarantine."""


@dataclass(frozen=True)
class Stand:
    """One installation in `home`, its dock and its staff."""

    home: Path
    embedded: Embedded
    issuer: str
    dock: Dock

    def announce(self, length: int) -> str:
        """Announce a recording; the URL to send it to."""
        said = {
            "camera": town.CAMERA,
            "officer": town.OFFICER.subject,
            "startedAt": (datetime.now(UTC) - timedelta(hours=3)).isoformat(),
        }
        pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()]
        headers = {**self._headers(), "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}
        answer = requests.post(f"{self.embedded.url('ingest')}/uploads", headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.headers["Location"]

    def sending(self) -> dict[str, str]:
        """The headers of one PATCH with all of a recording."""
        return {
            **self._headers(),
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }

    def send(self, body: Path) -> float:
        """Upload `body` in one PATCH and throw it away; the seconds until every part was durable."""
        upload = self.announce(body.stat().st_size)
        seconds = clients.upload(upload, body, "PATCH", self.sending())
        self.forget(upload)
        return seconds

    def forget(self, upload: str) -> None:
        """Wait for what becomes of an upload, then free its room."""
        self.dock.receipt(upload)
        shutil.rmtree(self.home / "vault" / "objects" / upload.rpartition("/")[2])

    def keep(self, body: Path) -> str:
        """Upload `body`, which must end kept; the URL of its footage under a grant that somebody approved."""
        upload = self.announce(body.stat().st_size)
        clients.upload(upload, body, "PATCH", self.sending())
        answer = self.dock.receipt(upload)
        if answer["state"] != "kept":
            raise NotKept(answer["reason"])
        wish = {
            "recordingId": upload.rpartition("/")[2],
            "purpose": "incidentafhandeling",
            "reason": "To see how fast it can be watched.",
            "caseReference": "BENCH-1",
        }
        asked = self._desk(town.SUPERVISOR).post("/requests", wish).json()
        approval = {"outcome": "approve", "reason": "Proportionate."}
        decider = self._desk(town.PRIVACY_OFFICER)
        decided = decider.post(f"/requests/{asked['id']}/decisions", approval).json()
        return f"{self.embedded.url('vault')}/api/v1/grants/{decided['grantId']}/footage"

    def watching(self) -> dict[str, str]:
        """The headers of who holds the grant."""
        return {"Authorization": f"Bearer {sign_in(self.issuer, town.SUPERVISOR.subject)}"}

    def ingest_cpu_seconds(self) -> float:
        """CPU seconds, of user and system, that the ingest process has used."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def ingest_peak_memory(self) -> int:
        """The most bytes of memory that the ingest process ever had (``VmHWM``)."""
        lines = dict(line.split(":", 1) for line in self._proc("status").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024

    def _proc(self, file: str) -> str:
        return Path(f"/proc/{self.embedded.process_id('ingest')}/{file}").read_text()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.dock.token()}", "Tus-Resumable": "1.0.0"}

    def _desk(self, who: town.Resident) -> Desk:
        return Desk(self.embedded.url("vault"), sign_in(self.issuer, who.subject))


@contextmanager
def stand(home: Path) -> Iterator[Stand]:
    """An installation in the folder `home`, which must be there; stopped at the end."""
    with provider(free_ports()["vault"]) as issuer:
        embedded = Embedded(home / "vault", issuer, CLIENT, free_ports())
        embedded.prepare([town.SLUG])
        database = database_of(embedded.settings("vault"))
        built = town.build(Registrar(database, embedded.ring(), _OPERATOR), issuer, now=datetime.now(UTC))
        database.close()
        embedded.start()
        try:
            yield Stand(
                home, embedded, issuer, Dock(embedded.url("ingest"), built.dock, built.dock_private_key)
            )
        finally:
            embedded.stop()
