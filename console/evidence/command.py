"""``bodycam-vault evidence PERIOD``: made, entered in the trail, and written to a folder."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.evidence.dpia import answers, open_questions
from console.evidence.pages import document
from console.evidence.sheets import rights_sheet, sheets
from console.policy.changing import opened
from console.policy.describing import Language
from console.registering import operator
from vault.documents import write
from vault.evidence.making import Evidence, make
from vault.evidence.periods import parse_period
from vault.evidence.reviewing import review
from vault.signals.finding import municipalities

Period = Annotated[str, typer.Argument(help="2026, 2026-Q4, 2026-11, or 2026-10-01..2026-11-15.")]
Municipality = Annotated[
    list[str] | None,
    typer.Option(help="Whose evidence; may be given again. All that are registered when absent."),
]
Out = Annotated[Path, typer.Option(help="A folder; made when missing. In it one for each municipality.")]
In = Annotated[Language, typer.Option(help="Of the document; the data are in both.")]
Rights = Annotated[
    bool, typer.Option("--rights", help="Also who holds which role, by name, for the yearly review.")
]


def evidence(
    period: Period,
    out: Out,
    municipality: Municipality = None,
    language: In = Language.NL,
    rights: Rights = False,
) -> None:
    """Write what an auditor asks for: requirements, controls, tests, figures, and a filled-in DPIA."""
    asked, vault, by, now = parse_period(period), opened(), operator(), datetime.now(UTC)
    for name in municipality or municipalities(vault):
        made = make(vault, by, name, asked, now=now)
        files = dict(_files(made, language))
        if rights:
            files["rights.csv"] = rights_sheet(review(vault, by, name, now=now)).encode()
        _write(out / name, files)
        typer.echo(f"{out / name}: {', '.join(sorted(files))}")


def _files(made: Evidence, language: Language) -> Iterator[tuple[str, bytes]]:
    yield "evidence.json", made.json
    yield (
        "evidence.pdf",
        write(document(made, "en" if language is Language.EN else "nl"), now=made.told.made_at),
    )
    yield from ((name, text.encode()) for name, text in sheets(made).items())
    dpia = answers(made)
    yield "dpia.json", dpia.json
    yield "dpia-open-vragen.txt", open_questions(dpia).encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Whole files or none of that name: what is there of an earlier time is replaced at once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)
