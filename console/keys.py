"""``bodycam-vault keys …``: key rings are made, given a municipality, and rotated.

Only whoever holds both rings can do this: keep them together on no machine for longer than it takes. A
running process has loaded its ring: restart vault and keeper first, then ingest.
"""

from pathlib import Path
from typing import Annotated

import typer

from vault import keys

app = typer.Typer(no_args_is_help=True, help="Key rings: make them, add a municipality, rotate.")

VaultRing = Annotated[Path, typer.Option("--vault", help="Folder of the ring for vault and keeper.")]
IngestRing = Annotated[Path, typer.Option("--ingest", help="Folder of the ring for ingest.")]


@app.command("create")
def create(municipality: list[str], vault: VaultRing, ingest: IngestRing) -> None:
    """Make two new key rings: one for the vault and the keeper, one for ingest."""
    keys.create_rings(vault, ingest, municipality)


@app.command("add-municipality")
def add_municipality(municipality: str, vault: VaultRing, ingest: IngestRing) -> None:
    """Give both rings a sealing key for one more municipality."""
    keys.add_municipality(vault, ingest, municipality)


@app.command("rotate-sealing")
def rotate_sealing(municipality: str, vault: VaultRing, ingest: IngestRing) -> None:
    """New recordings of a municipality are wrapped to a new key; the old one still opens the old."""
    typer.echo(keys.rotate_sealing(vault, ingest, municipality))


@app.command("rotate-arrival")
def rotate_arrival(ingest: IngestRing) -> None:
    """Recordings that are announced from now on arrive under a new key."""
    typer.echo(keys.rotate_arrival(ingest))


@app.command("rotate-audit")
def rotate_audit(vault: VaultRing, ingest: IngestRing) -> None:
    """Begin a new epoch of the audit trail: new pseudonyms, a new payload key."""
    typer.echo(keys.rotate_audit(vault, ingest))


@app.command("rotate-receipt")
def rotate_receipt(vault: VaultRing, ingest: IngestRing) -> None:
    """Sign receipts with a new key; the old one still verifies the old."""
    typer.echo(keys.rotate_receipt(vault, ingest))
