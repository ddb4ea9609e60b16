"""``bodycam-vault keys …``: key rings are made, given a municipality, and rotated; old keys are destroyed.

Only whoever holds both rings can do this: keep them together on no machine for longer than it takes.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console import escrow, key_destroying, token_keys
from console.registering import operator
from vault import keys
from vault.disposal.expiring import expire
from vault.disposal.intake_keys import attend, cycle_of
from vault.settings import load
from vault.vault import open_vault

app = typer.Typer(no_args_is_help=True, help="Key rings: make them, add a municipality, rotate.")
app.add_typer(key_destroying.app, name="destroy-municipality")
app.add_typer(token_keys.app, name="token")
app.command("escrow")(escrow.escrow)
app.command("test-restore")(escrow.try_restore)
app.command("restore")(escrow.restore)

VaultRing = Annotated[Path, typer.Option("--vault", help="Folder of the ring for vault and keeper.")]
IngestRing = Annotated[Path, typer.Option("--ingest", help="Folder of the ring for ingest.")]


OptionalRing = Annotated[Path | None, typer.Option("--ingest", help="Folder of the ring for ingest.")]
Origin = Annotated[
    str | None,
    typer.Option(
        help="Name of the log, for ever: an address of yours, such as bodycams.example.nl/log.",
        parser=keys.checked_origin,
    ),
]


@app.command("create")
def create(municipality: list[str], vault: VaultRing, ingest: IngestRing, origin: Origin = None) -> None:
    """Make two new key rings: one for the vault and the keeper, one for ingest."""
    keys.create_rings(vault, ingest, municipality, origin=origin)


@app.command("add-municipality")
def add_municipality(municipality: str, vault: VaultRing, ingest: IngestRing) -> None:
    """Give both rings a sealing key for one more municipality."""
    keys.add_municipality(vault, ingest, municipality)


@app.command("add-log")
def add_log(vault: VaultRing, origin: Annotated[str, typer.Argument(parser=keys.checked_origin)]) -> None:
    """Give the vault's ring, of before there was a log, the log's name and its first key."""
    keys.add_log(vault, origin)


@app.command("rotate-sealing")
def rotate_sealing(municipality: str, vault: VaultRing, ingest: IngestRing) -> None:
    """New recordings of a municipality are wrapped to a new key; the old one still opens the old."""
    typer.echo(keys.rotate_sealing(vault, ingest, municipality))


@app.command("rotate-arrival")
def rotate_arrival(ingest: IngestRing) -> None:
    """Recordings that are announced from now on arrive under a new key."""
    typer.echo(keys.rotate_arrival(ingest))


@app.command("expire")
def expire_keys(ingest: OptionalRing = None) -> None:
    """Destroy keys that nothing needs any more: of days that are over, and old ones of what came in.

    With the vault's settings. Given ingest's ring, its old keys go too.
    """
    settings = load()
    if ingest is not None:
        settings = settings.model_copy(update={"ingest_keys": ingest})
    vault, now = open_vault(settings), datetime.now(UTC)
    gone = expire(vault, operator(), now=now)
    # Replacing is the keeper's, or the operator's by the commands above.
    gone += attend(vault, operator(), replace(cycle_of(settings), replaces=False), now=now)
    typer.echo(f"{gone} keys destroyed")


@app.command("rotate-audit")
def rotate_audit(vault: VaultRing, ingest: IngestRing) -> None:
    """Begin a new epoch of the audit trail: new pseudonyms, a new payload key."""
    typer.echo(keys.rotate_audit(vault, ingest))


@app.command("rotate-receipt")
def rotate_receipt(vault: VaultRing, ingest: IngestRing) -> None:
    """Sign receipts with a new key; the old one still verifies the old."""
    typer.echo(keys.rotate_receipt(vault, ingest))


@app.command("rotate-log")
def rotate_log(vault: VaultRing) -> None:
    """Sign the log's checkpoints with a new key: give it to witnesses and auditors (``audit key``)."""
    typer.echo(keys.rotate_log(vault))
