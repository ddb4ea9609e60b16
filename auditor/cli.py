"""``python -m auditor …``: verify a log, verify one proof, be a witness. What it ends with: `Outcome`."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from auditor import watching
from auditor.certificate_check import verify_certificate
from auditor.checkpoints import open_checkpoint
from auditor.entry_proofs import verify_entry
from auditor.language import Language
from auditor.leaves import LeafBroken
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.options import Key, Token, Tongue, Witnesses, read_file, read_key, read_keys, read_token
from auditor.reading import Unreadable, Web, place_of
from auditor.receipt_check import verify_receipt
from auditor.telling import told, told_of_entry
from auditor.timestamps import TimestampRefused, timestamp
from auditor.verify import Outcome, verify
from auditor.witness import WitnessRefused

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(watching.app, name="witness")
app.command("verify-receipt")(verify_receipt)
app.command("verify-certificate")(verify_certificate)

REFUSALS = (NoteBroken, Unreadable, WitnessRefused, TimestampRefused)
"""What a person at the command line can do something about: said in one line, without a traceback."""
PROGRESS_SECONDS = 2.0


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (*REFUSALS, OSError) as error:
        typer.echo(str(error), err=True)
        sys.exit(Outcome.UNCHECKED)


@app.command("verify")
def verify_log(
    where: Annotated[str, typer.Argument(help="Folder of an export, or http(s) address of the log.")],
    key: Key,
    witness: Witnesses = None,
    since: Annotated[
        Path | None, typer.Option(help="Checkpoint that you kept: the log must continue it.")
    ] = None,
    since_key: Annotated[
        str | None, typer.Option(help="Verifier key of the log at that time, where it is another now.")
    ] = None,
    shown_from: Annotated[
        int | None, typer.Option(help="Entries from this index on must be shown.", min=0)
    ] = None,
    language: Tongue = Language.DUTCH,
    token: Token = None,
    processes: Annotated[
        int | None, typer.Option(help="How many at once; as many as processors when not given.", min=1)
    ] = None,
) -> None:
    """Verify a whole log: signatures, every entry, every tile, the root; say what that proves, and what not.

    Ends with 0 when it is proven, 1 when something does not match, 2 when it could not be checked.
    """
    log = read_key(key)
    before = read_key(since_key) if since_key else log
    report = verify(
        place_of(where, token=read_token(token)),
        log,
        read_keys(witness),
        since=open_checkpoint(read_file(since), before) if since else None,
        shown_from=shown_from,
        progress=_Progress(),
        processes=processes,
    )
    typer.echo("\n".join(told(report, language)))
    raise typer.Exit(report.outcome)


@app.command("verify-proof")
def verify_proof(
    file: Annotated[Path, typer.Argument(help="A tlog-proof, or JSON that holds an entry and its proof.")],
    key: Key,
    entry: Annotated[Path | None, typer.Option(help="File with the entry's bytes, for a tlog-proof.")] = None,
    witness: Witnesses = None,
    language: Tongue = Language.DUTCH,
) -> None:
    """Verify, without a network, that one entry is in the log; say what that proves, and what not.

    Ends with 0 when it is proven, 1 when it is not.
    """
    log, witnesses = read_key(key), read_keys(witness)
    proof, leaf = read_file(file), read_file(entry) if entry else None
    try:
        proven = verify_entry(proof, leaf, log, witnesses)
    except (NoteBroken, ProofBroken, LeafBroken) as broken:
        typer.echo("\n".join(told_of_entry(str(broken), log, witnesses, language)))
        raise typer.Exit(Outcome.MISMATCH) from None
    typer.echo("\n".join(told_of_entry(proven, log, witnesses, language)))
    missing = any(each not in proven.signed.cosigned_at for each in witnesses)
    raise typer.Exit(Outcome.UNCHECKED if missing else Outcome.PROVEN)


@app.command("timestamp")
def run_timestamp(
    folder: Annotated[Path, typer.Argument(help="Folder of an export.")],
    key: Key,
    authority: Annotated[str, typer.Option(help="http(s) address of a timestamp authority (RFC 3161).")],
    roots: Annotated[Path, typer.Option(help="Certificates (PEM) from which the authority's descends.")],
) -> None:
    """Have an export's checkpoint timestamped; the token is verified, and put beside the export."""
    token, moment = timestamp(folder, read_key(key), Web(authority), read_file(roots))
    typer.echo(f"{moment:%Y-%m-%d %H:%M:%S} UTC  {token}")


class _Progress:
    """Says now and then how far it is, where it does not mix with what was found."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._told = time.monotonic()
            typer.echo(f"{done} / {of}", err=True)
