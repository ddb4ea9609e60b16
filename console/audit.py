"""``bodycam-vault audit …``: what outsiders need to check the log."""

from typing import Annotated

import typer

from vault.keys import KeyRing, Role
from vault.settings import load
from vault.trail.indexer import index_all
from vault.vault import open_vault

app = typer.Typer(no_args_is_help=True, help="The log that outsiders check.")


@app.callback()
def audit() -> None:
    """The log that outsiders check."""


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
