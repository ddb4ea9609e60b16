"""``bodycam-vault keys escrow …``: the vault's ring for custodians who must come together to open it."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from console.registering import operator
from policies.retention import AMSTERDAM
from vault import audit
from vault.audit import Entry, Event
from vault.disposal.escrow_trial import destroyed_keys, try_out
from vault.keys import escrow as escrows
from vault.keys.escrow import Escrow
from vault.settings import load
from vault.vault import database_of, open_vault

Into = Annotated[Path, typer.Argument(help="Folder to write it in.", file_okay=False, exists=True)]
Custodians = Annotated[
    list[Path], typer.Option("--custodian", help="Public key of a custodian (X25519, PEM); give two or more.")
]
Days = Annotated[int, typer.Option(help="After so many days it must be destroyed.", min=1, max=28)]
File = Annotated[Path, typer.Argument(help="The escrow.", dir_okay=False, exists=True)]
Keys = Annotated[
    list[Path], typer.Option("--key", help="Private key of a custodian (PEM); those of all are needed.")
]
Recordings = Annotated[int, typer.Option(help="On how many recordings to try it.", min=1)]
Folder = Annotated[Path, typer.Option("--vault", help="Folder for the ring, in which there is none yet.")]


def escrow(into: Into, custodian: Custodians, days: Days = 7) -> None:
    """Write the vault's ring (BODYCAM_KEYS) to a file that takes all custodians to open; prints its name."""
    now, settings = datetime.now(UTC), load()
    vault = open_vault(settings)
    shortest = min(rules.terms.term_days for rules in vault.rule_sets)
    if days > shortest:
        raise typer.BadParameter(f"the shortest term here is {shortest} days, and it may not be there longer")
    destroy_by = (now.astimezone(AMSTERDAM) + timedelta(days=days)).date()
    custodians = [_public(path) for path in custodian]
    made = escrows.make_escrow(settings.keys, custodians, made=now, destroy_by=destroy_by)
    with vault.database.transaction() as session:
        # Before it is there: what opens all that is kept does not leave untold.
        told = Entry(
            event=Event.KEYS_ESCROWED,
            at=now,
            actor=operator(),
            facts={"custodians": len(custodians), "destroyBy": destroy_by.isoformat()},
        )
        audit.append(session, vault.ring, told)
    path = into / f"bodycam-escrow-{now.astimezone(AMSTERDAM):%Y-%m-%d-%H%M%S}-destroy-by-{destroy_by}.json"
    with path.open("xb") as file:
        file.write(made)
    typer.echo(path)
    typer.echo(
        f"Vernietig dit bestand en elke kopie uiterlijk {destroy_by:%d-%m-%Y}, en nu elk ouder bestand:\n"
        "met een back-up opent het wat inmiddels vernietigd is.\n"
        f"Destroy this file and every copy by {destroy_by}, and every older file now:\n"
        "with a backup it opens what has been disposed of since.",
        err=True,
    )


def try_restore(file: File, key: Keys, recordings: Recordings = 100) -> None:
    """Open an escrow in memory and try it on what is kept; writes nothing. Exits with 1 if it will not do."""
    found = _opened(file, key)
    trial = try_out(open_vault(load()), found, recordings=recordings, chance=random.SystemRandom())
    typer.echo(f"made {found.made:%Y-%m-%d %H:%M} UTC, to be destroyed by {found.destroy_by}")
    typer.echo(f"keys: {trial.keys}, each the one it is named after")
    typer.echo(
        f"recordings: {trial.opened} open, {trial.since} are of a later key, {len(trial.broken)} do not open"
    )
    typer.echo(f"destroyed since, a restore leaves them out: {len(trial.destroyed)}")
    for recording in trial.broken:
        typer.echo(f"does not open: {recording}")
    for key_id in trial.missing:
        typer.echo(f"missing: {key_id}")
    if datetime.now(AMSTERDAM).date() > found.destroy_by:
        typer.echo("It should not be here any more: destroy it, and make a new one.", err=True)
    raise typer.Exit(0 if trial.passed else 1)


def restore(file: File, key: Keys, vault: Folder) -> None:
    """Put the vault's ring back from an escrow, without keys that the database says were destroyed."""
    found = _opened(file, key)
    with database_of(load()).reading() as session:
        gone = destroyed_keys(session)
    left_out = escrows.restore_escrow(found, vault, without=gone)
    typer.echo(f"restored to {vault}, without {len(left_out)} destroyed keys")
    typer.echo(
        "Keep ingest stopped: it may seal for keys that are lost. Give each municipality a new key "
        "(keys rotate-sealing), begin a new epoch (keys rotate-audit), then start all."
    )


def _opened(file: Path, keys: list[Path]) -> Escrow:
    return escrows.open_escrow(file.read_bytes(), [_private(path) for path in keys])


def _public(path: Path) -> X25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise typer.BadParameter(f"{path} is not the public half of an X25519 key in PEM")
    return key


def _private(path: Path) -> X25519PrivateKey:
    try:
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except TypeError:
            password = typer.prompt(f"password of {path}", hide_input=True)
            key = load_pem_private_key(path.read_bytes(), password.encode())
    except ValueError:
        raise typer.BadParameter(f"{path} is no X25519 key in PEM, or the password is another") from None
    if not isinstance(key, X25519PrivateKey):
        raise typer.BadParameter(f"{path} is not an X25519 key")
    return key
