"""``bodycam-vault keys destroy-municipality …``: the end of a leave, by two people. There is no undo."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from console.registering import operator
from vault.disposal import key_destruction
from vault.keys import Role
from vault.keys.leaving import destroy_municipality
from vault.schema import require_newest
from vault.settings import Settings, load
from vault.vault import Vault, open_vault, token_of

app = typer.Typer(
    no_args_is_help=True, help="Destroy all keys of a municipality that left: one proposes, another does it."
)

Reason = Annotated[str, typer.Option(help="Why, for whoever reads it years later.")]
IngestRing = Annotated[Path, typer.Option("--ingest", help="Folder of the ring for ingest.")]

NO_UNDO = (
    "Dit is niet terug te draaien: wat met deze sleutels is verzegeld blijft dicht, ook in elke back-up.\n"
    "There is no undo: what was sealed by these keys stays closed, in every backup too."
)


@app.command("propose")
def propose(municipality: str, reason: Reason) -> None:
    """Propose it; prints the id to carry it out by. Refused while there is footage, or a dock is active."""
    _, vault = _opened()
    destruction = key_destruction.propose(vault, municipality, operator(), reason=reason, now=_now())
    typer.echo(NO_UNDO, err=True)
    typer.echo(destruction)


@app.command("withdraw")
def withdraw(destruction: UUID) -> None:
    """Take a proposal back."""
    key_destruction.withdraw(_opened()[1], destruction, operator(), now=_now())


@app.command("carry-out")
def carry_out(destruction: UUID, ingest: IngestRing) -> None:
    """Carry out what somebody else proposed: every key of it, in both rings and the token."""
    settings, vault = _opened()
    token = token_of(settings, Role.VAULT)

    def destroy(municipality: str) -> None:
        if token:
            token.destroy_all(municipality)
        destroy_municipality(settings.keys, ingest, municipality)

    count = key_destruction.carry_out(vault, destruction, operator(), destroy, now=_now())
    typer.echo(f"destroyed: {count} keys")
    typer.echo(
        "Now destroy every backup and escrow of the rings, and of the token, that is older than this command."
    )


def _opened() -> tuple[Settings, Vault]:
    settings = load()
    vault = open_vault(settings)
    require_newest(vault.database)
    return settings, vault


def _now() -> datetime:
    return datetime.now(UTC)
