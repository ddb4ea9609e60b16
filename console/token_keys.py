"""``bodycam-vault keys token …``: the keys that open footage, where a PKCS#11 token holds them.

With the vault's settings, which name the token and its PIN. Nobody restarts for it: every process asks the
token each time.
"""

from typing import TYPE_CHECKING

import typer

from vault.keys import Role, TokenRefused
from vault.settings import load
from vault.vault import token_of

if TYPE_CHECKING:
    from vault.keys.token import TokenKeys  # an extra, which most do without

app = typer.Typer(no_args_is_help=True, help="Keys in a PKCS#11 token: add a municipality, rotate, show.")


@app.command("add-municipality")
def add_municipality(municipality: str) -> None:
    """Make a municipality's first sealing key in the token; prints its id."""
    typer.echo(_token().add(municipality))


@app.command("rotate-sealing")
def rotate_sealing(municipality: str) -> None:
    """New recordings of a municipality are wrapped to a new key; the old one still opens the old."""
    typer.echo(_token().rotate_intake(municipality))


@app.command("show")
def show() -> None:
    """List the keys in the token, after a look whether each was made there and never left it."""
    token = _token()
    token.check()
    for municipality in sorted(token.municipalities()):
        for at, key_id in enumerate(token.intake_keys(municipality)):
            typer.echo(f"{key_id}  {municipality}  {'sealing, old' if at else 'sealing, current'}")
    for key_id, key in sorted(token.day_keys().items(), key=lambda each: (each[1], each[0])):
        typer.echo(f"{key_id}  {key.municipality}  until {key.day}")


def _token() -> "TokenKeys":
    token = token_of(load(), Role.VAULT)
    if token is None:
        raise TokenRefused("no token is named: set BODYCAM_KEYS_PKCS11_MODULE, _TOKEN and _PIN")
    return token
