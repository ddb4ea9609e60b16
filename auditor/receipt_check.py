"""The command that checks a dock's receipt offline: its signature, its entry, and that this is in the log."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.language import Language, Text
from auditor.notes import NoteBroken, VerifierKey
from auditor.options import Key, Tongue, Witnesses, read_file, read_key, read_keys
from auditor.receipts import ReceiptBroken, Shown, verify
from auditor.verify import Outcome


def verify_receipt(
    file: Annotated[Path, typer.Argument(help="What the dock fetched: receipt, entry and proof, as JSON.")],
    key: Key,
    receipt_keys: Annotated[Path, typer.Option(help="File with the keys of receipts, a JWK set.")],
    witness: Witnesses = None,
    language: Tongue = Language.DUTCH,
) -> None:
    """Verify, without a network, a dock's receipt and that its entry is in the log; say what that proves.

    Ends with 0 when it is proven, 1 when something does not match, 2 when it could not be checked.
    """
    log, witnesses, keys = read_key(key), read_keys(witness), _jwk_set(receipt_keys)
    try:
        shown = verify(read_file(file), log, keys, witnesses)
    except ReceiptBroken as broken:
        typer.echo(f"{broken.flaw.value.in_language(language)} ({broken.detail})")
        raise typer.Exit(Outcome.MISMATCH) from None
    missing = [each for each in witnesses if each not in shown.checkpoint.cosigned_at]
    typer.echo("\n".join(text.in_language(language) for text in _told(shown, missing)))
    raise typer.Exit(Outcome.UNCHECKED if missing else Outcome.PROVEN)


def _jwk_set(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_file(file))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NoteBroken(f"{file} is no JWK set (RFC 7517, 5)")
    return found


def _told(shown: Shown, missing: list[VerifierKey]) -> list[Text]:
    claims, head = shown.claims, shown.checkpoint.checkpoint
    at = f"{datetime.fromtimestamp(int(claims['iat']), UTC):%d-%m-%Y %H:%M:%S} UTC"
    what = f"{claims['sub']}, {claims['state']}, {claims['length']} bytes, SHA-256 {claims['sha256']}"
    return [
        Text(f"Het ontvangstbewijs klopt: opname {what}.", f"The receipt holds: recording {what}."),
        Text(f"Ondertekend op {at}.", f"Signed on {at}."),
        Text(
            f"De regel erbij is nummer {shown.index} van log {head.origin}, dat {head.size} regels telde.",
            f"Its entry is number {shown.index} of log {head.origin}, which had {head.size} entries.",
        ),
        *(
            Text(
                f"Niet gecontroleerd: getuige {each.name} tekende dit controlepunt niet mee.",
                f"Not checked: witness {each.name} did not cosign this checkpoint.",
            )
            for each in missing
        ),
        Text(
            "Dit bewijst niet dat de opname er nog is, of wat er sindsdien mee is gedaan.",
            "This does not prove that the recording is still there, or what was done with it since.",
        ),
    ]
