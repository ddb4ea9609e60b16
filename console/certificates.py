"""``bodycam-vault certificate``: certificates of disposal, to read, to print and to hand over."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from console.policy.changing import opened
from console.policy.describing import Language
from console.registering import operator
from vault.disposal.certificates import Certificate, every, look
from vault.disposal.printing import document, lines
from vault.documents import write
from vault.ids import RecordingId
from vault.vault import Vault

Which = Annotated[UUID | None, typer.Argument(help="Id of the recording.")]
All = Annotated[
    str | None, typer.Option("--all", help="A municipality: every certificate of it, into --folder.")
]
Folder = Annotated[
    Path | None, typer.Option(help="Where to write each certificate as JSON; made when missing.")
]
Printed = Annotated[bool, typer.Option("--pdf", help="Beside each JSON in --folder also a PDF.")]
In = Annotated[Language, typer.Option(help="Of the text and the PDF; the JSON is in none.")]


def certificate(
    recording: Which = None,
    municipality: All = None,
    folder: Folder = None,
    pdf: Printed = False,
    language: In = Language.NL,
) -> None:
    """Show a certificate of disposal, or write it with its proof, which ``audit verify-certificate`` checks.

    With --all, those that are not in the log yet are left out and counted; ask again in a few seconds.
    """
    if (recording is None) == (municipality is None):
        raise typer.BadParameter("name a recording, or a municipality with --all")
    vault, now = opened(), datetime.now(UTC)
    if folder is not None:
        _write_all(vault, folder, _made(vault, recording, municipality, now), language if pdf else None, now)
    elif recording is None or pdf:
        raise typer.BadParameter("--all and --pdf need --folder")
    else:
        for _, found in _made(vault, recording, municipality, now):
            if found:
                typer.echo("\n".join(lines(found, _name(vault, found), language.value)))


def _made(
    vault: Vault, recording: UUID | None, municipality: str | None, now: datetime
) -> Iterator[tuple[UUID, Certificate | None]]:
    if recording is not None:
        yield recording, look(vault, operator(), RecordingId(recording), now=now).certificate
    elif municipality is not None:
        yield from every(vault, operator(), municipality, now=now)


def _write_all(
    vault: Vault,
    folder: Path,
    made: Iterator[tuple[UUID, Certificate | None]],
    language: Language | None,
    now: datetime,
) -> None:
    written = left_out = 0
    folder.mkdir(parents=True, exist_ok=True)
    for recording, found in made:
        if found is None:
            left_out += 1
            continue
        _write(folder, dict(_files(vault, recording, found, language, now)))
        written += 1
    typer.echo(f"{folder}: {written} certificates, {left_out} left out")


def _files(
    vault: Vault, recording: UUID, found: Certificate, language: Language | None, now: datetime
) -> Iterator[tuple[str, bytes]]:
    yield f"{recording}.json", found.document
    if language:
        yield f"{recording}.pdf", write(document(found, _name(vault, found), language.value), now=now)


def _name(vault: Vault, found: Certificate) -> str:
    return vault.rule_sets.of(found.statement.municipality).terms.name


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Whole files: one of an earlier time, perhaps without the key of the backups, is replaced at once."""
    for name, content in files.items():
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)
