"""``bodycam-vault check`` and ``bodycam-vault reap``: is the house whole, and what was left lying about."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from console.keeper import Keeper
from console.registering import operator
from ingest.intake import Intake
from ingest.orphans import Missing, Orphan, Postponed, settle, survey
from ingest.reaper import expired, reap
from vault.finding import Finding
from vault.invariants import Depth
from vault.invariants.depth import Tally
from vault.settings import load
from vault.vault import open_vault

PROGRESS_SECONDS = 2.0


class Progress(Tally):
    """Says on standard error, now and then, how far it is."""

    def __init__(self) -> None:
        super().__init__()
        self._told = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        super().__call__(what, done, of)
        if time.monotonic() - self._told > PROGRESS_SECONDS:
            self._told = time.monotonic()
            typer.echo(f"{what}: {done} / {of}" if of else f"{what}: {done}", err=True)


def check(
    deep: Annotated[
        bool, typer.Option(help="Open every byte of every recording and compare its digest: hours.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--json", help="Write what was looked at and found to this file.")
    ] = None,
) -> None:
    """Check the whole house now; exits with 1 when something is wrong. Tells who takes in no footage.

    Every recording is opened at its first and last chunk and one between.
    """
    settings = load()
    keeper = Keeper(open_vault(settings), settings, operator())
    begun, progress, depth = datetime.now(UTC), Progress(), Depth.DEEP if deep else Depth.EVERY
    findings = keeper.examine(depth, progress)
    if report:
        told = report_of(findings, progress, depth, begun=begun, ended=datetime.now(UTC))
        report.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    for municipality, missing in keeper.closed().items():
        typer.echo(f"{municipality} takes in no footage; missing: {', '.join(missing) or 'rules'}")
    for name, number in sorted(Counter(each.check for each in findings).items()):
        typer.echo(f"{name}: {number}")
    typer.echo(f"recordings opened: {progress.looked_at['opened']}")
    typer.echo(f"findings: {len(findings)}")
    raise typer.Exit(1 if findings else 0)


def report_of(
    findings: Sequence[Finding], tally: Tally, depth: Depth, *, begun: datetime, ended: datetime
) -> dict[str, object]:
    """What a check looked at and found, for other software to read; ids only."""
    return {
        "v": 1,
        "software": f"bodycam-vault {version('bodycam-vault')}",
        "begun": begun.isoformat(),
        "ended": ended.isoformat(),
        "depth": depth.value,
        "lookedAt": dict(tally.looked_at),
        "findings": [{"check": each.check, "about": each.about} for each in findings],
    }


def run_reap(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name what would go; change nothing.")] = False,
) -> None:
    """Clear away uploads that expired and objects that no row owns, each named with its age.

    Rows whose object is missing are named, never removed; then it exits with 1.
    """
    settings, now = load(), datetime.now(UTC)
    intake, missing = Keeper(open_vault(settings), settings, operator()).intake, 0
    _uploads(intake, now, dry_run=dry_run)
    for found in survey(intake, now=now) if dry_run else settle(intake, operator(), now=now):
        match found:
            case Orphan(stored):
                done = "would go" if dry_run else "gone"
                typer.echo(f"object   {stored.name}  {stored.size} bytes  age {_age(found.age(now))}  {done}")
            case Postponed(orphan, why, until):
                ends = f" until {until.isoformat()}" if until else ""
                told = f"{orphan.object.name}  age {_age(orphan.age(now))}"
                typer.echo(f"object   {told}  stays: {why}{ends}")
            case Missing(_, part, there):
                missing += 1
                typer.echo(f"MISSING  {part.name}  {'of another length' if there else 'not in the store'}")
    raise typer.Exit(1 if missing else 0)


def _uploads(intake: Intake, now: datetime, *, dry_run: bool) -> None:
    stopped = list(expired(intake, now=now))
    done = "would end" if dry_run else "ended"
    while not dry_run and reap(intake, now=now, by=operator()):
        pass
    for each in stopped:
        typer.echo(f"upload   {each.recording}  expired {_age(each.since)} ago  {done}")


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24}d{hours % 24:02}h"
