"""``bodycam-vault audit …``: what outsiders need to check the log."""

import typer

from console import erasing, proving
from vault.keys import KeyRing, Role
from vault.settings import load

app = typer.Typer(no_args_is_help=True, help="The log that outsiders check.")
app.command("verify-receipt")(proving.verify_receipt)
app.command("destroy-epoch")(erasing.destroy_epoch)


@app.callback()
def audit() -> None:
    """The log that outsiders check."""


@app.command("key")
def key() -> None:
    """Print the keys that the log's checkpoints are checked with, the current one first, as C2SP vkeys."""
    for verifier in KeyRing.load(load().keys, role=Role.VAULT).log_keys:
        typer.echo(str(verifier))
