"""``bodycam-vault policy describe`` and ``policy records``: a rule set told to whoever it is about."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from policies import term_chapters
from policies.describing import LANGUAGES, describe
from policies.pages import Block, Heading, as_markdown, as_plain
from vault.rulesets import RuleSets, load_rule_sets
from vault.settings import PREFIX, load
from vault.vault import database_of


class Language(StrEnum):
    """In which a person reads."""

    NL = "nl"
    EN = "en"


class Format(StrEnum):
    """What a text is for: a terminal or a letter, or a page of a website."""

    PLAIN = "plain"
    MARKDOWN = "markdown"


InLanguage = Annotated[Language | None, typer.Option(help="Of the text; without it, both.")]
AsFormat = Annotated[Format, typer.Option("--format", help="Of the text.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Folder of rule sets; those that come with the software when absent.",
        envvar=f"{PREFIX}RULE_SETS",
        exists=True,
        file_okay=False,
    ),
]
InForce = Annotated[
    bool, typer.Option("--in-force", help="As it is in force in this installation, by its database.")
]


def tell(
    municipality: str,
    language: InLanguage = None,
    layout: AsFormat = Format.PLAIN,
    folder: Folder = None,
    in_force: InForce = False,
) -> None:
    """Tell in plain words who wears a camera, what is recorded, who sees it for what, how long it is kept."""
    rule_set = _rule_sets(folder, in_force=in_force).of(municipality)
    _print([describe(rule_set, each) for each in _languages(language)], layout)


def tell_records(
    municipality: Annotated[str | None, typer.Argument(help="Without it, all.")] = None,
    language: InLanguage = None,
    layout: AsFormat = Format.PLAIN,
    folder: Folder = None,
    in_force: InForce = False,
) -> None:
    """Show which legal records there are: DPIA, the works council's consent, the notice to citizens."""
    rule_sets = _rule_sets(folder, in_force=in_force)
    names = [municipality] if municipality else [found.municipality for found in rule_sets]
    found = [rule_sets.of(name).terms for name in names]
    pages = [
        [Heading(2, terms.name), *term_chapters.records(terms, each)]
        for terms in found
        for each in _languages(language)
    ]
    _print(pages, layout)


def _rule_sets(folder: Path | None, *, in_force: bool) -> RuleSets:
    if not in_force:
        return load_rule_sets(folder)
    settings = load()
    return load_rule_sets(folder or settings.rule_sets, database_of(settings))


def _languages(language: Language | None) -> tuple[str, ...]:
    return (language.value,) if language else LANGUAGES


def _print(pages: Sequence[Sequence[Block]], layout: Format) -> None:
    write = as_markdown if layout is Format.MARKDOWN else as_plain
    typer.echo("\n".join(write(page) for page in pages), nl=False)
