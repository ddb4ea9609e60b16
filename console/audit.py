"""``bodycam-vault audit …``: what outsiders need to check the log, and their own commands."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.certificate_check import verify_certificate
from auditor.cli import run_timestamp, verify_log, verify_proof
from auditor.options import read_file
from auditor.receipt_check import verify_receipt
from console import erasing
from console.registering import operator
from vault.keys import KeyRing, Role
from vault.log.exporting import export
from vault.log.witnesses import accept, known_witnesses
from vault.settings import load
from vault.trail.indexer import index_all
from vault.vault import open_vault

app = typer.Typer(no_args_is_help=True, help="The log that outsiders check: export it, verify it.")
app.command("verify")(verify_log)
app.command("verify-proof")(verify_proof)
app.command("verify-receipt")(verify_receipt)
app.command("verify-certificate")(verify_certificate)
app.command("destroy-epoch")(erasing.destroy_epoch)
app.command("timestamp")(run_timestamp)

PROGRESS_SECONDS = 2.0


@app.callback()
def audit() -> None:
    """The log that outsiders check: export it, verify it."""


@app.command("key")
def key() -> None:
    """Print the keys that the log's checkpoints are checked with, the current one first, as C2SP vkeys."""
    for verifier in KeyRing.load(load().keys, role=Role.VAULT).log_keys:
        typer.echo(str(verifier))


@app.command("index")
def index(
    again: Annotated[
        bool, typer.Option(help="Forget what was derived before, and derive all of it.")
    ] = False,
) -> None:
    """Make every numbered entry findable, as the keeper does each second; says how many it were."""
    typer.echo(f"entries: {index_all(open_vault(load()), again=again)}")


@app.command("cosignature")
def take_cosignature(
    file: Annotated[Path, typer.Argument(help="What ``witness show`` printed: a cosigned checkpoint.")],
) -> None:
    """Take the cosignatures of a witness that has exports only; the next export shows them."""
    settings = load()
    known, note = known_witnesses(settings.witnesses), read_file(file)
    typer.echo(f"cosignatures: {accept(open_vault(settings), note, known, now=datetime.now(UTC))}")


@app.command("export")
def run_export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; a folder of an earlier export grows.")],
) -> None:
    """Write the log as static files, with a README for who verifies it."""
    settings = load()
    told = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            typer.echo(f"{done} / {of}", err=True)

    head = export(
        open_vault(settings),
        folder,
        operator(),
        known_witnesses(settings.witnesses),
        now=datetime.now(UTC),
        progress=progress,
    )
    typer.echo(f"{head.origin}: {head.size} entries, {head.root.hex()}")
