"""``bodycam-vault register …``: the functional administrator's commands."""

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import typer

from vault.audit import Actor
from vault.ids import PersonId, RecordingId
from vault.keys import Role
from vault.registry import Registrar
from vault.settings import Settings, load
from vault.vault import database_of, open_vault, ring_of

app = typer.Typer(
    no_args_is_help=True, help="Municipalities, people, cameras and docks: register, take back."
)


@app.command("municipality")
def register_municipality(slug: str, name: str) -> None:
    """Register a municipality by the name of its rule set; tells when its legal records are missing."""
    settings, registrar = _registrar()
    missing = open_vault(settings).rule_sets.of(slug).terms.records.missing()
    registrar.municipality(slug, name, now=_now())
    if missing:
        typer.echo(f"{slug} takes in no footage; missing: {', '.join(missing)}")


@app.command("person")
def register_person(issuer: str, subject: str, name: str) -> None:
    """Register someone by what the identity provider calls them; prints their id."""
    typer.echo(_registrar()[1].person(issuer, subject, name, now=_now()))


@app.command("role")
def register_role(person: UUID, municipality: str, role: str, team: str = "") -> None:
    """Give someone a role for a municipality, where it matters for one team."""
    _registrar()[1].assign(PersonId(person), municipality, role, team=team, now=_now())


@app.command("withdraw-role")
def withdraw_role(person: UUID, municipality: str, role: str, team: str = "") -> None:
    """Take a role back."""
    _registrar()[1].withdraw(PersonId(person), municipality, role, team=team, now=_now())


@app.command("deactivate-person")
def deactivate_person(person: UUID) -> None:
    """Someone left: they can do nothing any more."""
    _registrar()[1].deactivate_person(PersonId(person), now=_now())


@app.command("deactivate-dock")
def deactivate_dock(name: str) -> None:
    """A dock is gone, or its key may be: its tokens are refused."""
    _registrar()[1].deactivate_dock(name, now=_now())


@app.command("camera")
def register_camera(municipality: str, serial: str) -> None:
    """Register a camera by its serial number; prints its id."""
    typer.echo(_registrar()[1].camera(municipality, serial, now=_now()))


@app.command("dock")
def register_dock(municipality: str, name: str, public_key: Path) -> None:
    """Register a dock by its public key (PEM, EC P-256); prints the id it must name in its tokens."""
    typer.echo(_registrar()[1].dock(municipality, name, public_key.read_text(), now=_now()))


@app.command("depicted")
def register_depicted(recording: UUID, person: UUID) -> None:
    """Mark that an officer can be seen in a recording."""
    _registrar()[1].depict(RecordingId(recording), PersonId(person), now=_now())


def _registrar() -> tuple[Settings, Registrar]:
    settings = load()
    return settings, Registrar(database_of(settings), ring_of(settings, Role.VAULT), operator())


def operator() -> Actor:
    """Whoever can run these commands has the vault's key ring: the trail names their system account."""
    # Not by the environment, where whoever runs this can write another's name.
    number = os.getuid()
    try:
        account = pwd.getpwuid(number).pw_name
    except KeyError:
        account = f"uid-{number}"
    return Actor("operator", account, account, ("functional-administrator",))


def _now() -> datetime:
    return datetime.now(UTC)
