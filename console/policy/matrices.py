"""``bodycam-vault policy matrix``: all that a rule set answers, as a file whose differences can be read."""

import difflib

import typer

from console.policy.folders import Folder, MunicipalitiesArgument, RuleSetsOption, folders, words
from policies.matrix import FILE, matrix
from vault.rulesets import known_roles


def write(
    municipality: MunicipalitiesArgument = None,
    rule_sets: RuleSetsOption = None,
    check: bool = typer.Option(False, "--check", help="Write nothing; tell what would change."),
) -> None:
    """Write the decision matrix beside the rules; with --check, exits with 1 when it would change."""
    changed = sum(differs(folder, check=check) for folder in folders(rule_sets, municipality))
    raise typer.Exit(1 if check and changed else 0)


def differs(folder: Folder, *, check: bool) -> bool:
    """Write one municipality's matrix, or tell what would change in it."""
    rule_set = folder.rule_set()
    text = matrix(rule_set, words(), known_roles())
    before = folder.table(FILE) or ""
    if not check and text != before:
        folder.write(FILE, text)
    lines = [
        line
        for line in difflib.unified_diff(before.splitlines(), text.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    if lines and (check or before):
        typer.echo("\n".join(lines))
    typer.echo(f"{rule_set.terms.name}: {text.count(chr(10)) - 1} regels, {len(lines)} veranderd")
    return bool(lines)
