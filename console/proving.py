"""``bodycam-vault audit verify-receipt``: a dock's receipt checked offline, far from any installation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor import receipts
from auditor.notes import NoteBroken, VerifierKey
from policies.retention import AMSTERDAM

Language = Annotated[str, typer.Option(help="nl or en.")]


def verify_receipt(
    file: Annotated[Path, typer.Argument(help="What the dock fetched: receipt, entry and proof, as JSON.")],
    key: Annotated[str, typer.Option(help="The log's key (vkey).")],
    receipt_keys: Annotated[Path, typer.Option(help="File with the keys of receipts, a JWK set.")],
    language: Language = "nl",
) -> None:
    """Check a receipt offline: signed, of this entry, the entry in the log. Exits with 1 when it is not."""
    try:
        log, keys = VerifierKey.parse(key), json.loads(receipt_keys.read_bytes())
        document = file.read_bytes()
    except (NoteBroken, OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not isinstance(keys, dict):
        typer.echo(f"{receipt_keys}: no JWK set", err=True)
        raise typer.Exit(2)
    try:
        shown = receipts.verify(document, log, keys)
    except receipts.ReceiptBroken as broken:
        typer.echo(f"{broken.flaw.value.in_language(language)} ({broken.detail})")
        raise typer.Exit(1) from None
    for line in _told(shown, language):
        typer.echo(line)


def _told(shown: receipts.Shown, language: str) -> list[str]:
    claims, head = shown.claims, shown.checkpoint.checkpoint
    at = datetime.fromtimestamp(int(claims["iat"]), UTC).astimezone(AMSTERDAM)
    if language == "en":
        return [
            f"The receipt holds: recording {claims['sub']}, {claims['state']}, {claims['length']} bytes,",
            f"SHA-256 {claims['sha256']}, signed {at:%d-%m-%Y %H:%M:%S} (Amsterdam).",
            f"Its entry is number {shown.index} of the log {head.origin}, which had {head.size} entries.",
            "It does not show that the recording is still there, or what was done with it since.",
        ]
    return [
        f"Het ontvangstbewijs klopt: opname {claims['sub']}, {claims['state']}, {claims['length']} bytes,",
        f"SHA-256 {claims['sha256']}, ondertekend {at:%d-%m-%Y %H:%M:%S} (Amsterdam).",
        f"De regel erbij is nummer {shown.index} van het log {head.origin}, dat {head.size} regels telde.",
        "Het toont niet dat de opname er nog is, of wat er sindsdien mee is gedaan.",
    ]
