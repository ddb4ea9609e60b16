"""The story that the demonstration plays: every step through the real doors, checked as it goes.

A step that does not go as it must is told, counted, and makes the demonstration fail.
"""

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from auditor import receipts
from console.demo import town
from console.demo.dock import Dock, NoReceipt
from console.demo.footage import NothingToShow, brought, make
from console.demo.outsider import NotInTheLog, lines_of, shown
from console.demo.staff import CLIENT, Desk, provider, sign_in
from console.embedded import Embedded, free_ports
from vault.audit import Actor
from vault.registry import Registrar
from vault.vault import database_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CHUNK = 512 * 1024
FINDABLE_SECONDS = 10.0
WATCHED = (100_000, 299_999)
MAKER = Actor("operator", "demo", "demo", ("functional-administrator",))


class StepFailed(Exception):
    """The demonstration could not go on."""


@dataclass
class Stage:
    """Everything the story plays with, and how many steps went wrong."""

    embedded: Embedded
    issuer: str
    dock: Dock
    failed: int = 0
    desks: dict[str, Desk] = field(default_factory=dict)

    def tell(self, text: str) -> None:
        """Say what happens."""
        print(text, flush=True)

    def check(self, right: bool, text: str) -> None:
        """Say whether something is as it must be."""
        self.failed += not right
        self.tell(f"  {'ok   ' if right else 'WRONG'} {text}")

    def desk(self, who: town.Resident) -> Desk:
        """Someone's desk; they sign in when they first sit down."""
        if who.subject not in self.desks:
            token = sign_in(self.issuer, who.subject)
            self.desks[who.subject] = Desk(self.embedded.url("vault"), token, language="en")
        return self.desks[who.subject]


def play(*, once: bool, footage: Path | None) -> int:
    """Play the story; returns the exit code. Without `once`, keeps the service up until interrupted."""
    with tempfile.TemporaryDirectory(prefix="bodycam-demo-") as home, _stage(Path(home)) as stage:
        try:
            _play(stage, _files(Path(home), footage))
        except (StepFailed, NothingToShow, NoReceipt, NotInTheLog) as error:
            stage.check(False, f"{error}: {type(error).__doc__}")
        went = "every step went as it must" if not stage.failed else f"{stage.failed} step(s) went wrong"
        stage.tell(f"\nThe end: {went}.")
        if not once:
            _stay(stage)
        return 1 if stage.failed else 0


def _play(stage: Stage, files: list[Path]) -> None:
    stage.tell("\n1. The shift ends: the camera goes into the dock")
    kept = [answer for file in files if (answer := _dock(stage, file))]
    if not kept:
        raise StepFailed("nothing was kept, so there is nothing to ask for")
    original, recording = kept[0]
    grant = _ask_and_decide(stage, recording)
    _watch(stage, grant, original)
    _forbidden(stage, recording)
    _log(stage, _trail(stage, recording))


@contextmanager
def _stage(home: Path) -> Iterator[Stage]:
    ports = free_ports()
    print("Setting up Voorbeeldstad: a key ring each for vault and ingest, SQLite, a directory for objects …")
    with provider(free_ports()["vault"]) as issuer:
        embedded = Embedded(home / "vault", issuer, CLIENT, ports)
        embedded.prepare([town.SLUG])
        now = datetime.now(UTC)
        database = database_of(embedded.settings("vault"))
        built = town.build(Registrar(database, embedded.ring(), MAKER), issuer, now=now)
        database.close()
        try:
            embedded.start()
            doors = f"vault {embedded.url('vault')}, ingest {embedded.url('ingest')}"
            print(f"Running: {doors}, keeper, and {issuer}")
            yield Stage(embedded, issuer, Dock(embedded.url("ingest"), built.dock, built.dock_private_key))
        finally:
            embedded.stop()


def _files(home: Path, given: Path | None) -> list[Path]:
    if given:
        return brought(given)
    print("Making twenty seconds of footage with ffmpeg …", flush=True)
    return make(home)


def _dock(stage: Stage, file: Path) -> tuple[Path, str] | None:
    """Dock one file; what is kept comes back with the id of its recording."""
    upload = stage.dock.upload(
        file,
        camera=town.CAMERA,
        officer=town.OFFICER.subject,
        started_at=datetime.now(AMSTERDAM) - timedelta(hours=3),
        chunk=CHUNK,
        progress=lambda sent, size: _bar(file.name, sent, size),
    )
    answer = stage.dock.receipt(upload)
    recording = upload.rpartition("/")[2]
    if answer["wipe"]:
        stage.check(
            True, f"{file.name}: kept and sealed; the dock holds a signed receipt and may wipe the camera"
        )
        _prove(stage, upload)
        return file, recording
    stage.tell(f"  note  {file.name}: quarantine ({answer['reason']}); the dock was told not to wipe")
    return None


def _prove(stage: Stage, upload: str) -> None:
    """The dock checks, far from the vault, that what it was promised stands in the log."""
    [log, *_] = stage.embedded.ring().log_keys
    try:
        shown = receipts.verify(stage.dock.proof(upload), log, stage.dock.receipt_keys())
    except receipts.ReceiptBroken as broken:
        stage.check(False, str(broken))
    else:
        size = shown.checkpoint.checkpoint.size
        stage.check(
            True, f"its entry is number {shown.index} of {size} in the log; checked offline, with public keys"
        )


def _ask_and_decide(stage: Stage, recording: str) -> str:
    supervisor, officer = stage.desk(town.SUPERVISOR), stage.desk(town.PRIVACY_OFFICER)
    stage.tell(f"\n2. {town.SUPERVISOR.name}, supervisor, asks to see it: purpose incidentafhandeling")
    wish = {
        "recordingId": recording,
        "purpose": "incidentafhandeling",
        "reason": "A passer-by was pushed during the inspection on the market square.",
        "caseReference": "VB-2026-0117",
    }
    asked = supervisor.post("/requests", wish).json()
    stage.check(asked.get("state") == "waiting", "the policy asks for a decider; nothing can be seen yet")
    _reasons(stage, asked)
    if "id" not in asked:
        raise StepFailed(f"the request was not taken: {asked}")
    own = supervisor.post(
        f"/requests/{asked['id']}/decisions", {"outcome": "approve", "reason": "I would like to see it."}
    )
    stage.check(own.status_code == 403, "the supervisor cannot approve their own request")
    stage.tell(f"\n3. {town.PRIVACY_OFFICER.name}, privacy officer, decides")
    decided = officer.post(
        f"/requests/{asked['id']}/decisions",
        {"outcome": "approve", "reason": "Proportionate: one incident, one recording."},
    ).json()
    stage.check(decided.get("state") == "granted", "approved: a grant that ends by itself")
    _reasons(stage, decided)
    grant = supervisor.get(f"/grants/{decided['grantId']}").json()
    until = datetime.fromisoformat(grant["validUntil"]).astimezone(AMSTERDAM)
    stage.tell(
        f"  valid until {until:%d-%m-%Y %H:%M} (Amsterdam), obligations: {', '.join(grant['obligations'])}"
    )
    return str(decided["grantId"])


def _watch(stage: Stage, grant: str, original: Path) -> None:
    stage.tell(f"\n4. {town.SUPERVISOR.name} watches a range under the grant")
    plain = original.read_bytes()
    first, last = WATCHED if len(plain) > WATCHED[1] else (0, len(plain) - 1)
    desk = stage.desk(town.SUPERVISOR)
    answer = desk.get(f"/grants/{grant}/footage", Range=f"bytes={first}-{last}")
    same = answer.content == plain[first : last + 1]
    digest = hashlib.sha256(answer.content).hexdigest()[:16]
    stage.check(
        answer.status_code == 206 and same,
        f"bytes {first}-{last} are the camera's own, bit for bit (SHA-256 {digest}…)",
    )
    other = stage.desk(town.ADMINISTRATOR).get(f"/grants/{grant}/footage", Range="bytes=0-99")
    stage.check(other.status_code == 403, "the functional administrator, with the same address, sees nothing")


def _forbidden(stage: Stage, recording: str) -> None:
    stage.tell(
        f"\n5. {town.SUPERVISOR.name} asks again, to appraise the officer: purpose functioneringsgesprek"
    )
    wish = {
        "recordingId": recording,
        "purpose": "functioneringsgesprek",
        "reason": "For the yearly appraisal of the officer.",
        "caseReference": "HR-2026-0004",
    }
    refused = stage.desk(town.SUPERVISOR).post("/requests", wish)
    ids = [reason["id"] for reason in refused.json().get("reasons", [])]
    stage.check(refused.status_code == 403 and "works-council" in ids, "refused, above every rule set")
    _reasons(stage, refused.json())


def _trail(stage: Stage, recording: str) -> str:
    """The entry of its commit point comes back."""
    stage.tell(f"\n6. {town.PRIVACY_OFFICER.name} reads the audit trail of this recording")
    expected = {
        "recording.announced",
        "recording.kept",
        "request.submitted",
        "request.approved",
        "viewing.served",
    }
    entries = _found(stage, expected, recordingId=recording)
    for entry in entries:
        _entry(stage, entry)
    stage.check(expected <= _events(entries), "every step is in it")
    readings = _found(stage, {"trail.read"}, event="trail.read")
    stage.check(bool(readings), "and so is this reading")
    kept = [entry["leaf"]["id"] for entry in entries if entry["leaf"]["type"] == "recording.kept"]
    if not kept:
        raise StepFailed("the trail has no entry of the recording")
    return str(kept[0])


def _found(stage: Stage, expected: set[str], **asked: str) -> list[dict[str, Any]]:
    """What the trail says, as soon as all that is expected can be found: the keeper works every second."""
    question = {"municipality": town.SLUG, "purpose": "toezicht-inzagelog", **asked}
    deadline = time.monotonic() + FINDABLE_SECONDS
    while True:
        page = stage.desk(town.PRIVACY_OFFICER).post("/audit-entries/_search", question).json()
        entries: list[dict[str, Any]] = page.get("entries", [])
        if expected <= _events(entries) or time.monotonic() > deadline:
            return entries
        time.sleep(0.5)


def _events(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["leaf"]["type"] for entry in entries}


def _log(stage: Stage, entry: str) -> None:
    stage.tell("\n7. The log that outsiders check: its newest checkpoint, and the key that signed it")
    key, signed = shown(stage.embedded, UUID(entry))
    for line in (*lines_of(signed), str(key)):
        stage.tell(f"  {line}")
    stage.check(True, f"the entry of the kept recording is proven to be one of its {signed.checkpoint.size}")


def _entry(stage: Stage, entry: dict[str, Any]) -> None:
    leaf, payload = entry["leaf"], entry["payload"] or {}
    at = datetime.fromtimestamp(leaf["t"] / 1000, AMSTERDAM)
    who = payload.get("actor", {}).get("name", leaf["actor"])
    what = [leaf.get("purpose", ""), leaf.get("dec", ""), ", ".join(leaf.get("why", []))]
    stage.tell(f"  {at:%H:%M:%S}  {leaf['type']:<22} {who:<16} {'  '.join(filter(None, what))}")


def _reasons(stage: Stage, answer: dict[str, Any]) -> None:
    for reason in answer.get("reasons", []):
        stage.tell(f"        {reason['title']} [{reason['id']}; {reason['basis']}]")


def _bar(name: str, sent: int, size: int) -> None:
    if sys.stdout.isatty():
        filled = 30 * sent // size
        end = "\n" if sent == size else ""
        print(
            f"\r  {name}  [{'#' * filled}{'.' * (30 - filled)}] {100 * sent // size:3d} %",
            end=end,
            flush=True,
        )
    elif sent == size:
        print(f"  {name}  {size} bytes uploaded", flush=True)


def _stay(stage: Stage) -> None:
    stage.tell(
        f"\nStill listening: vault {stage.embedded.url('vault')}/api/v1/openapi.json, "
        f"docks {stage.embedded.url('ingest')}/uploads. Stop with Ctrl-C."
    )
    try:
        stage.embedded.wait()
    except KeyboardInterrupt:
        stage.tell("Stopped; what the demonstration made is removed.")
