"""``bodycam-vault audit destroy-epoch``: the keys of an old epoch of the trail, destroyed for good."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.registering import operator
from vault import keys
from vault.erasure import epochs, payloads
from vault.settings import load
from vault.vault import open_vault

IngestRing = Annotated[Path, typer.Option("--ingest", help="Folder of the ring for ingest.")]


def destroy_epoch(epoch: str, ingest: IngestRing) -> None:
    """Destroy the keys of an epoch of the trail whose every entry is over its term, in both rings.

    The vault's ring is the one of BODYCAM_KEYS. What was said of people in that epoch, and who they were, can
    then be read by nobody, in no backup of the database. Refuses, with until when, while a term runs.
    """
    settings, now = load(), datetime.now(UTC)
    vault = open_vault(settings)
    # 1. is it over, by the leaves; 2. what is left of its payloads; 3. the keys; 4. the entry that tells.
    gone = epochs.doomed(vault, epoch, now=now)
    payloads.destroy(vault, operator(), now=now)
    copies = keys.destroy_epoch(settings.keys, ingest, epoch, gone.payload_keys)
    if gone.before and not copies:
        typer.echo(f"{epoch} was destroyed before, and neither ring has it")
        return
    epochs.enter_destroyed(vault, gone, operator(), now=now)
    typer.echo(f"destroyed: epoch {epoch}, payload keys: {', '.join(gone.payload_keys) or 'none'}")
    for key in gone.shared:
        typer.echo(f"payload key {key} was used in a later epoch too, and goes with that one")
    typer.echo("Now restart vault, keeper and ingest, and destroy backups of both rings from before.")
