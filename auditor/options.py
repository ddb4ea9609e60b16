"""Options that several commands take."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from auditor.language import Language
from auditor.notes import VerifierKey
from auditor.reading import Unreadable

Key = Annotated[str, typer.Option("--key", help="Verifier key (vkey) of the log, or a file with it.")]
Witnesses = Annotated[
    list[str] | None,
    typer.Option("--witness", help="Vkey of a witness that must have cosigned, or a file with it."),
]
Tongue = Annotated[Language, typer.Option("--language", help="Of what is told.")]
Token = Annotated[
    str | None,
    typer.Option(envvar="AUDITOR_TOKEN", help="Bearer token for an https address, or a file with it."),
]


def read_key(text: str) -> VerifierKey:
    """The verifier key that `text` is, or that stands in the file of that name. Raises NoteBroken."""
    return VerifierKey.parse(_of_file(text))


def read_token(text: str | None) -> str | None:
    """The token that `text` is, or that stands in the file of that name just now."""
    return _of_file(text).strip() if text else None


def read_file(path: Path) -> bytes:
    """What a file that somebody named holds. Raises Unreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def read_keys(texts: list[str] | None) -> list[VerifierKey]:
    """As `read_key`, for an option that may be given again."""
    return [read_key(text) for text in texts or ()]


def _of_file(text: str) -> str:
    # What cannot be the name of a file is no file, and what is no text is no key.
    with suppress(OSError, UnicodeDecodeError):
        file = Path(text)
        # Some editors put a mark before what they save, which would become a part of the key's name.
        return file.read_text("utf-8-sig") if file.is_file() else text
    return text
