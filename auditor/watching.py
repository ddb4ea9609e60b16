"""``python -m auditor witness …``: be a witness of a log, on a machine that is not the log's."""

import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.findings import Kind
from auditor.language import Language, Text
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.options import Key, Token, Tongue, read_key, read_token
from auditor.reading import Unreadable, place_of
from auditor.telling import what_to_do
from auditor.verify import Outcome
from auditor.witness import Forked, create, load, look, submit_to

app = typer.Typer(
    no_args_is_help=True, help="Be a witness: remember what a log showed, cosign only what continues it."
)
Home = Annotated[Path, typer.Option("--folder", help="The witness's folder: its key, and what it saw.")]
HOME = Path("bodycam-witness")


@app.command("key")
def make_key(
    name: Annotated[str, typer.Option(help="Your name as a witness, such as or.voorbeeldstad.example.")],
    folder: Home = HOME,
) -> None:
    """Make a witness with a key of its own, and say its vkey: give that to the log and to all who verify."""
    typer.echo(create(folder, name).key)


@app.command("show")
def show(key: Key, folder: Home = HOME) -> None:
    """Say the witness's vkey, and print the checkpoint it cosigned last: keep it, or give it to others."""
    witness = load(folder)
    typer.echo(witness.key, err=True)
    seen = witness.seen(read_key(key))
    if seen is None:
        raise typer.Exit(Outcome.UNCHECKED)
    typer.echo(seen.note.decode(), nl=False)


@app.command("watch")
def watch(
    where: Annotated[str, typer.Argument(help="http(s) address of the log, or the folder of an export.")],
    key: Key,
    folder: Home = HOME,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between rounds.", min=1)] = 60.0,
    language: Tongue = Language.DUTCH,
    token: Token = None,
) -> None:
    """Fetch the log's checkpoint, compare it with what was seen before, cosign it and hand it back.

    Ends with 3 when the log contradicts itself; with --once, with 2 when it could not be looked at.
    """
    witness, log = load(folder), read_key(key)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        outcome = Outcome.UNCHECKED
        try:
            # Anew each round: a token lasts for minutes, and whoever renews it writes it to the same file.
            place = place_of(where, token=read_token(token))
            signed = look(witness, place, log, submit_to(place), now=int(time.time()))
        except Forked as forked:
            _shout(forked.kind, forked.evidence, language)
            raise typer.Exit(Outcome.FORKED) from None
        except (NoteBroken, ProofBroken, Unreadable) as error:
            _say(_NOT_SEEN, language, str(error))
        else:
            outcome = Outcome.PROVEN
            _say(_COSIGNED, language, f"{signed.checkpoint.size} {signed.checkpoint.root.hex()}")
        if once:
            raise typer.Exit(outcome)
        with suppress(KeyboardInterrupt):
            time.sleep(every)
            continue
        return


_COSIGNED = Text("medeondertekend", "cosigned")
_NOT_SEEN = Text("niet medeondertekend", "not cosigned")


def _say(what: Text, language: Language, more: str) -> None:
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    typer.echo(f"{moment}  {what.in_language(language)}: {more}", err=what is _NOT_SEEN)


def _shout(kind: Kind, evidence: Path, language: Language) -> None:
    typer.echo(f"\a\n{what_to_do(kind, str(evidence)).in_language(language)}", err=True)
