"""Rules are changed by two: one operator proposes a folder, another operator or a person activates it.

An operator is known by their system account. A person of the municipality does the same over the API, where
its rules decide who may.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from console.registering import operator
from policies.retention import AMSTERDAM
from vault import rule_changes, tables
from vault.rule_records import state_of
from vault.rulesets import Texts, read_folder
from vault.schema import require_newest
from vault.settings import load
from vault.vault import Vault, open_vault

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="terms.toml and .cedar files.")]
Municipality = Annotated[
    str | None, typer.Option(help="Whose rules; the folder's name when it is not given.")
]
Into = Annotated[Path | None, typer.Option(help="A folder that is not there yet.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads it years later.")]


def propose(folder: Folder, reason: Reason, municipality: Municipality = None) -> None:
    """Propose the rules in a folder; prints the id to activate them by. Nothing changes by it."""
    slug, own = of_folder(folder, municipality)
    outcome = rule_changes.propose(opened(), operator(), slug, own, reason=reason, now=_now())
    typer.echo(outcome.change.id if outcome.change else "")


def activate(proposal: UUID) -> None:
    """Let somebody else's proposal come into force."""
    outcome = rule_changes.activate(opened(), operator(), proposal, now=_now())
    if outcome.change:
        typer.echo(_line(outcome.change))


def withdraw(proposal: UUID, reason: Reason) -> None:
    """Take a proposal back."""
    rule_changes.withdraw(opened(), operator(), proposal, reason=reason, now=_now())


def show(proposal: UUID, into: Into = None) -> None:
    """Show the files of a proposal, or of what is or was in force; with --into they are written there."""
    found = rule_changes.read(opened(), operator(), proposal, now=_now())
    if into:
        into.mkdir()
    for name, text in sorted(found.texts.items()):
        if into:
            # As bytes: what is looked at is what would come into force, to the last line end.
            (into / name).write_bytes(text.encode())
        else:
            typer.echo(f"==> {name} <==\n{text}")


def listed(municipality: str) -> None:
    """List the rule sets of a municipality, newest first: proposed, in force, of before."""
    found = rule_changes.listed(opened(), operator(), municipality, now=_now())
    for row in found.changes:
        typer.echo(_line(row))
    if found.folder_differs:
        typer.echo(
            "De map waarmee de software kwam heeft andere teksten; die worden niet gevolgd.\n"
            "The folder that the software came with has other texts; they are not followed.",
            err=True,
        )


def opened() -> Vault:
    """The vault that the settings name. Raises what refuses to start."""
    vault = open_vault(load())
    require_newest(vault.database)
    return vault


def of_folder(folder: Path, municipality: str | None) -> tuple[str, Texts]:
    """Whose rules a folder holds, and its texts."""
    return municipality or folder.resolve().name, read_folder(folder)


def told(moment: datetime) -> str:
    """A moment as a person in the Netherlands reads it."""
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def _line(row: tables.RuleSetChange) -> str:
    steps = [f"{told(row.proposed_at)} {row.proposed_by or '-'}"]
    if row.activated_at:
        steps.append(f"{told(row.activated_at)} {row.activated_by or '-'}")
    if row.replaced_at or row.withdrawn_at:
        steps.append(told(row.replaced_at or row.withdrawn_at or row.proposed_at))
    return f"{row.id}  {state_of(row):<10} {row.digest[:16]}  {' → '.join(steps)}  {row.reason}"


def _now() -> datetime:
    return datetime.now(UTC)
